"""Where the console is served when it is a process of its own."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from infra.settings.concern import PREFIX, Guarded


class ConsoleSettings(Guarded):
    """Where the console is served when it is a process of its own."""

    model_config = SettingsConfigDict(env_prefix=f"{PREFIX}CONSOLE_")
    guard = "api_key"

    host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="The address to listen on. Other than loopback, it asks for an API key.",
        examples=["0.0.0.0"],  # noqa: S104 - an example for a reader, nothing binds to it
    )
    port: int = Field(
        default=8430,
        ge=0,
        le=65_535,
        description="The port to listen on; 0 takes any free one.",
        examples=["8430"],
    )
    api_key: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="What people give as the password when their browser asks (the user does not "
        "matter); at least 16 characters.",
        examples=["the output of `openssl rand -hex 32`"],
    )
