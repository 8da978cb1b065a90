"""How the embedded warehouse is served to ClickHouse's clients."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from infra.settings.concern import PREFIX, Guarded


class WarehouseSettings(Guarded):
    """How the embedded warehouse is served to ClickHouse's clients."""

    model_config = SettingsConfigDict(env_prefix=f"{PREFIX}WAREHOUSE_")
    guard = "password"

    host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="The address to listen on. Other than loopback, it asks for a password.",
        examples=["0.0.0.0"],  # noqa: S104 - an example for a reader, nothing binds to it
    )
    port: int = Field(
        default=8123,
        ge=0,
        le=65_535,
        description="The port to listen on; 0 takes any free one.",
        examples=["8123"],
    )
    password: SecretStr | None = Field(
        default=None,
        min_length=8,
        description="The password of the user `default`, who reads; at least 8 characters.",
        examples=["the output of `openssl rand -hex 16`"],
    )
    writer_key: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="The password of the user `writer`, who may do everything; at least 16 "
        "characters. Without it nobody can write.",
        examples=["the output of `openssl rand -hex 32`"],
    )
    statements: int = Field(
        default=16,
        ge=1,
        le=1_000,
        description="The most statements that run side by side; more wait.",
        examples=["8"],
    )
