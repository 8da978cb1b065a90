"""How the department cuts time, and the currency it tells sums in."""

from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field
from pydantic_settings import SettingsConfigDict

from infra.settings.concern import PREFIX, Concern


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is no time zone; write a name such as Europe/Berlin") from error
    return name


class CalendarSettings(Concern):
    """How questions cut time. A change makes the questions anew at the next start."""

    model_config = SettingsConfigDict(env_prefix=f"{PREFIX}CALENDAR_")

    time_zone: Annotated[str, AfterValidator(_known_zone)] = Field(
        default="UTC",
        description="The time zone whose midnight ends a day, a week or a month of a question.",
        examples=["Europe/Berlin"],
    )
    fiscal_year_month: int = Field(
        default=1,
        ge=1,
        le=12,
        description="The month the fiscal year begins in; quarters follow from it.",
        examples=["4"],
    )
    week_day: int = Field(
        default=1,
        ge=1,
        le=7,
        description="The day a week begins on, from 1 for Monday to 7 for Sunday.",
        examples=["7"],
    )
    currency: str = Field(
        default="EUR",
        pattern="^[A-Z]{3}$",
        description="The reporting currency: what sums over several currencies are told in.",
        examples=["USD"],
    )
