"""Every setting of the platform: type, default, meaning and example, in one place per concern.

Values come from the environment (`SALESTAPE_…`) or from whoever composes a process; nothing else
reads the environment. `all_settings` is what the reference page and `salestape doctor` show.
"""

import ipaddress
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar
from urllib.parse import quote

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "SALESTAPE_"
TEST_NAMES = frozenset(
    {"SALESTAPE_CHROMIUM", "SALESTAPE_CLICKHOUSE", "SALESTAPE_DATA_SETS", "SALESTAPE_KAFKA"}
)
"""Names that only the project's tests read."""

_KIB = 1024
_MIB = 1024 * _KIB
_SHOWN_DEFAULT = "shown_default"


def _default_data() -> Path:
    # The XDG standard says to ignore a relative path.
    home = os.environ.get("XDG_DATA_HOME", "")
    base = Path(home) if os.path.isabs(home) else Path.home() / ".local" / "share"
    return base / "salestape"


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


def file_url(scheme: str, path: Path) -> str:
    """Return the URL of a path, such as ``sqlite:///var/lib/salestape/tape.sqlite``."""
    return f"{scheme}://{quote(str(path.absolute()))}"


def _default_tape(values: dict[str, Any]) -> str:
    return file_url("sqlite", values["data"] / "tape.sqlite")


def _default_warehouse(values: dict[str, Any]) -> str:
    return file_url("chdb", values["data"] / "warehouse")


class _Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,  # an input may be a secret
    )


class DataSettings(_Settings):
    """Where the data lies."""

    data: Annotated[Path, AfterValidator(_absolute)] = Field(
        default_factory=_default_data,
        description="The data folder: what the embedded size keeps. One process at a time has it.",
        examples=["/var/lib/salestape"],
        json_schema_extra={
            _SHOWN_DEFAULT: "$XDG_DATA_HOME/salestape, else ~/.local/share/salestape"
        },
    )
    tape: str = Field(
        default_factory=_default_tape,
        description="The URL of the tape.",
        examples=["sqlite:///var/lib/salestape/tape.sqlite"],
        json_schema_extra={_SHOWN_DEFAULT: "tape.sqlite in the data folder"},
    )
    warehouse: str = Field(
        default_factory=_default_warehouse,
        description="The URL of the warehouse.",
        examples=["chdb:///var/lib/salestape/warehouse"],
        json_schema_extra={_SHOWN_DEFAULT: "warehouse in the data folder"},
    )


class DefinitionSettings(_Settings):
    """What is kept and asked beside what comes with Salestape."""

    projections: str = Field(
        default="",
        description="Folders with derived tables and questions of your own, separated by "
        f"{os.pathsep!r}.",
        examples=["/srv/salestape/projections"],
    )

    @property
    def folders(self) -> list[Path]:
        """The folders, in the order given."""
        return [_absolute(Path(name)) for name in self.projections.split(os.pathsep) if name]


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class GatewaySettings(_Settings):
    """How events and questions come in over HTTP."""

    model_config = SettingsConfigDict(env_prefix=f"{PREFIX}GATEWAY_")

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
        default=8 * _MIB,
        ge=_KIB,
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

    @property
    def is_loopback(self) -> bool:
        """Tell whether only this machine can reach the gateway."""
        return _is_loopback(self.host)

    @model_validator(mode="after")
    def _is_guarded(self) -> Self:
        if self.api_key is None and not self.is_loopback:
            raise ValueError(
                f"host {self.host} can be reached from other machines; set "
                "SALESTAPE_GATEWAY_API_KEY, or listen on 127.0.0.1"
            )
        return self

    @model_validator(mode="after")
    def _lets_a_batch_through(self) -> Self:
        if self.burst < self.max_batch:
            raise ValueError(
                f"burst ({self.burst}) must be at least max_batch ({self.max_batch}), or a full "
                "batch could never be sent"
            )
        return self


class KafkaSettings(_Settings):
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
        json_schema_extra={_SHOWN_DEFAULT: "0"},
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


class ProjectorSettings(_Settings):
    """How the warehouse follows the tape."""

    model_config = SettingsConfigDict(env_prefix=f"{PREFIX}PROJECTOR_")

    batch_size: int = Field(
        default=20_000,
        ge=1,
        description="The most records that one round appends. An insert costs about the same "
        "whatever its size; larger batches need more memory.",
        examples=["5000"],
    )
    poll_seconds: float = Field(
        default=0.5,
        gt=0,
        le=60,
        description="How long a loop that has nothing to do waits for news before it looks again.",
        examples=["0.1"],
    )
    derive_share: float = Field(
        default=0.2,
        gt=0,
        le=1,
        description="The share of the time that deriving may take while records wait to be "
        "appended.",
        examples=["0.5"],
    )
    memory_bytes: int = Field(
        default=512 * _MIB,
        ge=64 * _MIB,
        description="The most memory that one statement of the projector may take in the engine.",
        examples=["1073741824"],
    )


class QuerySettings(_Settings):
    """What one question may cost."""

    model_config = SettingsConfigDict(env_prefix=f"{PREFIX}QUERY_")

    max_seconds: float = Field(
        default=30,
        gt=0,
        description="The longest that one question may run, in seconds.",
        examples=["120"],
    )
    max_memory_bytes: int = Field(
        default=512 * _MIB,
        ge=16 * _MIB,
        description="The most memory that one question may take in the engine.",
        examples=["1073741824"],
    )
    max_rows: int = Field(
        default=1_000_000,
        ge=1,
        description="The most rows that one answer may have; a larger one is an error.",
        examples=["10000"],
    )


class WarehouseSettings(_Settings):
    """How the embedded warehouse is served to ClickHouse's clients."""

    model_config = SettingsConfigDict(env_prefix=f"{PREFIX}WAREHOUSE_")

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

    @property
    def is_loopback(self) -> bool:
        """Tell whether only this machine can reach the endpoint."""
        return _is_loopback(self.host)

    @model_validator(mode="after")
    def _is_guarded(self) -> Self:
        if self.password is None and not self.is_loopback:
            raise ValueError(
                f"host {self.host} can be reached from other machines; set "
                "SALESTAPE_WAREHOUSE_PASSWORD, or listen on 127.0.0.1"
            )
        return self


S = TypeVar("S", bound=_Settings)


class SettingsError(Exception):
    """Settings that cannot be used; the message names each and says what was expected."""


def load(concern: type[S], **given: object) -> S:
    """Return the settings of one concern; what is `given` (and not None) beats the environment.

    Raises `SettingsError`.
    """
    chosen: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    try:
        return concern(**chosen)
    except ValidationError as error:
        faults = []
        for fault in error.errors(include_input=False, include_url=False):
            name = str(fault["loc"][0]) if fault["loc"] else ""
            where = _env_of(concern, name) if name in concern.model_fields else name
            faults.append(f"{where}: {fault['msg']}" if where else fault["msg"])
        raise SettingsError("; ".join(faults)) from error


CONCERNS: tuple[type[_Settings], ...] = (
    DataSettings,
    DefinitionSettings,
    GatewaySettings,
    KafkaSettings,
    ProjectorSettings,
    QuerySettings,
    WarehouseSettings,
)


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as people read about it. `default` is text, empty when there is none."""

    concern: str
    name: str
    env: str
    type: str
    default: str
    description: str
    example: str


def all_settings() -> list[Setting]:
    """Return every setting, concern by concern, in the order in which they are declared."""
    return [
        Setting(
            concern=(concern.__doc__ or "").strip(),
            name=name,
            env=_env_of(concern, name),
            type=_type_of(field),
            default=_default_of(field),
            description=field.description or "",
            example=", ".join(map(str, field.examples or ())),
        )
        for concern in CONCERNS
        for name, field in concern.model_fields.items()
    ]


def unknown_names(environment: Iterable[str] | None = None) -> list[str]:
    """Return the names that begin like settings and are none: mistyped, most likely.

    Looks at the environment of this process when no other names are given.
    """
    known = {setting.env for setting in all_settings()} | TEST_NAMES
    return sorted(
        name
        for name in (os.environ if environment is None else environment)
        if name.upper().startswith(PREFIX) and name.upper() not in known
    )


def _env_of(concern: type[_Settings], name: str) -> str:
    return f"{concern.model_config.get('env_prefix', '')}{name}".upper()


def _type_of(field: FieldInfo) -> str:
    words = {
        str: "text",
        int: "whole number",
        float: "number",
        bool: "true or false",
        Path: "path",
        Path | None: "path",
        SecretStr | None: "secret",
    }
    return words[field.annotation]  # type: ignore[index]  # a new type needs a word here


def _default_of(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    if isinstance(extra, dict) and _SHOWN_DEFAULT in extra:
        return str(extra[_SHOWN_DEFAULT])
    return "" if field.default is None else str(field.default)
