"""How events and questions come in over HTTP, and what one question may cost."""

from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from infra.settings.concern import KIB, MIB, PREFIX, Concern, Guarded


class GatewaySettings(Guarded):
    """How events and questions come in over HTTP."""

    model_config = SettingsConfigDict(env_prefix=f"{PREFIX}GATEWAY_")
    guard = "api_key"

    host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="The address to listen on. Other than loopback, it asks for an API key.",
        examples=["0.0.0.0"],  # noqa: S104 - an example for a reader, nothing binds to it
    )
    port: int = Field(
        default=8420,
        ge=0,
        le=65_535,
        description="The port to listen on; 0 takes any free one.",
        examples=["8420"],
    )
    max_body_bytes: int = Field(
        default=8 * MIB,
        ge=KIB,
        description="The largest body of one request, in bytes.",
        examples=["16777216"],
    )
    max_batch: int = Field(
        default=10_000,
        ge=1,
        description="The most events in one request.",
        examples=["1000"],
    )
    rate: float = Field(
        default=50_000,
        gt=0,
        description="How many events a client may send per second in the long run.",
        examples=["500"],
    )
    burst: int = Field(
        default=100_000,
        ge=1,
        description="How many events a client may send at once; at least `max_batch`.",
        examples=["20000"],
    )
    api_key: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="What clients send as `Authorization: Bearer …`; at least 16 characters.",
        examples=["the output of `openssl rand -hex 32`"],
    )

    @model_validator(mode="after")
    def _lets_a_batch_through(self) -> Self:
        if self.burst < self.max_batch:
            raise ValueError(
                f"burst ({self.burst}) must be at least max_batch ({self.max_batch}), or a full "
                "batch could never be sent"
            )
        return self


class QuerySettings(Concern):
    """What one question may cost."""

    model_config = SettingsConfigDict(env_prefix=f"{PREFIX}QUERY_")

    max_seconds: float = Field(
        default=30,
        gt=0,
        description="The longest that one question may run, in seconds.",
        examples=["120"],
    )
    max_memory_bytes: int = Field(
        default=512 * MIB,
        ge=16 * MIB,
        description="The most memory that one question may take in the engine.",
        examples=["1073741824"],
    )
    max_rows: int = Field(
        default=1_000_000,
        ge=1,
        description="The most rows that one answer may have; a larger one is an error.",
        examples=["10000"],
    )
