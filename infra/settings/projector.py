"""How the warehouse follows the tape."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from infra.settings.concern import MIB, PREFIX, Concern


class ProjectorSettings(Concern):
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
        default=512 * MIB,
        ge=64 * MIB,
        description="The most memory that one statement of the projector may take in the engine.",
        examples=["1073741824"],
    )
