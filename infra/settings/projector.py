"""How the warehouse follows the tape."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from infra.settings.concern import PREFIX, SHOWN_DEFAULT, Listening


class ProjectorSettings(Listening):
    """How the warehouse follows the tape."""

    model_config = SettingsConfigDict(env_prefix=f"{PREFIX}PROJECTOR_")

    batch_size: int = Field(
        default=20_000,
        ge=1,
        description="The most records that one round appends. An insert costs about the same "
        "whatever its size; larger batches need more memory.",
        examples=["5000"],
    )
    derive_share: float = Field(
        default=0.8,
        gt=0,
        le=1,
        description="The share of the time that deriving may take while records wait to be "
        "appended.",
        examples=["0.5"],
    )
    group: str = Field(
        default="",
        pattern=r"^[a-zA-Z0-9._-]{0,200}$",
        description="The consumer group that the workers of one warehouse share. Two warehouses "
        "that follow one tape need two groups.",
        examples=["salestape.eu"],
        json_schema_extra={SHOWN_DEFAULT: "salestape. and the topic"},
    )
    session_seconds: float = Field(
        default=10,
        ge=6,
        le=300,
        description="How long a worker that says nothing keeps its partitions, and the lead.",
        examples=["30"],
    )
    host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="Where a worker answers /health and /metrics. They tell how far it is and "
        "nothing of the events.",
        examples=["0.0.0.0"],  # noqa: S104 - an example for a reader, nothing binds to it
    )
    port: int = Field(
        default=8421,
        ge=0,
        le=65_535,
        description="The port of a worker's health; 0 takes any free one.",
        examples=["8421"],
    )
