"""How a ClickHouse server, or a cluster of them, is reached."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from infra.settings.concern import PREFIX, Concern


class ServerSettings(Concern):
    """How a warehouse on a ClickHouse server is reached, and whether it is one of a cluster."""

    model_config = SettingsConfigDict(env_prefix=f"{PREFIX}SERVER_")

    user: str = Field(
        default="",
        description="The user, unless the warehouse's URL names one; `default` where neither does.",
        examples=["salestape"],
    )
    password: SecretStr | None = Field(
        default=None,
        min_length=1,
        description="The user's password.",
        examples=["what the server knows the user by"],
    )
    tls_authority: Path | None = Field(
        default=None,
        description="A PEM file with the authorities to trust instead of the usual ones. TLS is on "
        "where the URL begins with clickhouses://.",
        examples=["/etc/salestape/clickhouse-ca.pem"],
    )
    tls_certificate: Path | None = Field(
        default=None,
        description="A PEM file with the certificate to show to the server. Without a password it "
        "says who the user is.",
        examples=["/etc/salestape/clickhouse-client.pem"],
    )
    tls_key: Path | None = Field(
        default=None,
        description="A PEM file with the certificate's key, if that is not in the same file.",
        examples=["/etc/salestape/clickhouse-client.key"],
    )
    connect_seconds: int = Field(
        default=5,
        ge=1,
        le=300,
        description="How long to wait for a connection.",
        examples=["10"],
    )
    seconds: int = Field(
        default=120,
        ge=1,
        le=86_400,
        description="How long to wait for the next bytes of an answer before the server is taken "
        "for stuck.",
        examples=["300"],
    )
    retries: int = Field(
        default=2,
        ge=0,
        le=10,
        description="How many times a read is repeated where the server says that it is too busy, "
        "or is not there just now.",
        examples=["5"],
    )
    cluster: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9_.-]*$",
        description="The name of the cluster, as the servers' `remote_servers` have it, over which "
        "tables are spread and copied; empty for one server.",
        examples=["sales"],
    )

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.tls_key is not None and self.tls_certificate is None:
            raise ValueError("SALESTAPE_SERVER_TLS_KEY needs SALESTAPE_SERVER_TLS_CERTIFICATE")
        return self
