"""The definitions as this process is set up to have them: whose folders, and which calendar."""

from pathlib import Path

from infra.settings import CalendarSettings, DefinitionSettings, load
from projections import registry
from projections.calendar import Calendar
from projections.registry import Definitions


def own_folders() -> list[Path]:
    """Return the folders with definitions of the user's own that the settings name."""
    return load(DefinitionSettings).folders


def load_definitions(*folders: Path) -> Definitions:
    """Return the project's definitions and those of `folders`, else of the settings' folders.

    Raises `DefinitionError` or `SettingsError`.
    """
    calendar = load(CalendarSettings)
    return registry.load(
        *(folders or own_folders()),
        calendar=Calendar(
            time_zone=calendar.time_zone,
            fiscal_year_month=calendar.fiscal_year_month,
            week_day=calendar.week_day,
            currency=calendar.currency,
        ),
    )
