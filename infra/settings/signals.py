"""How the platform looks for what is worth a person's look."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from infra.settings.concern import PREFIX, Concern


class SignalSettings(Concern):
    """How signals are raised from what questions say."""

    model_config = SettingsConfigDict(env_prefix=f"{PREFIX}SIGNALS_")

    seconds: float = Field(
        default=60,
        ge=0,
        description="How often to look whether there is something to raise or to clear; 0 never "
        "looks.",
        examples=["300"],
    )
    days: int = Field(
        default=30,
        ge=1,
        description="What holds for longer than so many days when it is first seen is no news and "
        "raises no signal; so a history that is imported does not raise thousands.",
        examples=["7"],
    )
