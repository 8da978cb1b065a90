"""Where the console is served when it is a process of its own."""

from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from infra.settings.concern import PREFIX, Concern, is_loopback_host


class ConsoleSettings(Concern):
    """Where the console is served when it is a process of its own."""

    model_config = SettingsConfigDict(env_prefix=f"{PREFIX}CONSOLE_")

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

    @property
    def is_loopback(self) -> bool:
        """Tell whether only this machine can reach the console."""
        return is_loopback_host(self.host)

    @model_validator(mode="after")
    def _is_guarded(self) -> Self:
        if self.api_key is None and not self.is_loopback:
            raise ValueError(
                f"host {self.host} can be reached from other machines; set "
                "SALESTAPE_CONSOLE_API_KEY, or listen on 127.0.0.1"
            )
        return self
