"""How a tape on Kafka is reached, and how its topics are made."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from infra.settings.concern import PREFIX, SHOWN_DEFAULT, Concern


class KafkaSettings(Concern):
    """How a tape on Kafka is reached, and how its topic is made."""

    model_config = SettingsConfigDict(env_prefix=f"{PREFIX}KAFKA_")

    partitions: int = Field(
        default=8,
        ge=1,
        le=10_000,
        description="How many partitions the topic gets when it is made: the most projectors that "
        "can share the work. One that is there keeps its own number.",
        examples=["24"],
    )
    replication: int = Field(
        default=0,
        ge=0,
        le=100,
        description="How many copies of it the brokers keep when it is made; 0 is 3, or as many as "
        "there are brokers.",
        examples=["3"],
        json_schema_extra={SHOWN_DEFAULT: "0"},
    )
    seconds: float = Field(
        default=10,
        gt=0,
        le=300,
        description="How long a call waits for the brokers before it says that they are away.",
        examples=["30"],
    )
    tls: bool = Field(
        default=False,
        description="Whether to talk to the brokers over TLS.",
        examples=["true"],
    )
    tls_authority: Path | None = Field(
        default=None,
        description="A PEM file with the authorities to trust instead of the system's.",
        examples=["/etc/salestape/kafka-ca.pem"],
    )
    tls_certificate: Path | None = Field(
        default=None,
        description="A PEM file with the certificate to show to the brokers.",
        examples=["/etc/salestape/kafka-client.pem"],
    )
    tls_key: Path | None = Field(
        default=None,
        description="A PEM file with the certificate's key, if that is not in the same file.",
        examples=["/etc/salestape/kafka-client.key"],
    )
    tls_key_password: SecretStr | None = Field(
        default=None,
        description="The password of the key.",
        examples=["what the key was locked with"],
    )
    sasl: str = Field(
        default="",
        pattern=r"^(PLAIN|SCRAM-SHA-256|SCRAM-SHA-512)?$",
        description="The SASL mechanism: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; empty for none.",
        examples=["SCRAM-SHA-512"],
    )
    user: str = Field(
        default="",
        description="The user, with SASL.",
        examples=["salestape"],
    )
    password: SecretStr | None = Field(
        default=None,
        min_length=1,
        description="The password, with SASL.",
        examples=["what the brokers know the user by"],
    )

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if len({bool(self.sasl), bool(self.user), self.password is not None}) > 1:
            raise ValueError(
                "SALESTAPE_KAFKA_SASL, SALESTAPE_KAFKA_USER and SALESTAPE_KAFKA_PASSWORD go "
                "together: set all or none"
            )
        if self.tls_key is not None and self.tls_certificate is None:
            raise ValueError("SALESTAPE_KAFKA_TLS_KEY needs SALESTAPE_KAFKA_TLS_CERTIFICATE")
        if not self.tls and (self.tls_authority or self.tls_certificate):
            raise ValueError("certificates are set, TLS is not: set SALESTAPE_KAFKA_TLS=true")
        return self
