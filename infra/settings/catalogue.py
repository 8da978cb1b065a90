"""Loading settings, and all of them as people read about them."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo

from infra.settings.calendar import CalendarSettings
from infra.settings.concern import PREFIX, SHOWN_DEFAULT, Concern
from infra.settings.console import ConsoleSettings
from infra.settings.data import DataSettings, DefinitionSettings
from infra.settings.gateway import GatewaySettings, QuerySettings
from infra.settings.kafka import KafkaSettings
from infra.settings.projector import ProjectorSettings
from infra.settings.server import ServerSettings
from infra.settings.signals import SignalSettings
from infra.settings.warehouse import WarehouseSettings

TEST_NAMES = frozenset(
    {"SALESTAPE_CHROMIUM", "SALESTAPE_CLICKHOUSE", "SALESTAPE_DATA_SETS", "SALESTAPE_KAFKA"}
)
"""Names that only the project's tests read."""


S = TypeVar("S", bound=Concern)


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


CONCERNS: tuple[type[Concern], ...] = (
    CalendarSettings,
    ConsoleSettings,
    DataSettings,
    DefinitionSettings,
    GatewaySettings,
    KafkaSettings,
    ProjectorSettings,
    QuerySettings,
    ServerSettings,
    SignalSettings,
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


def _env_of(concern: type[Concern], name: str) -> str:
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
    if isinstance(extra, dict) and SHOWN_DEFAULT in extra:
        return str(extra[SHOWN_DEFAULT])
    return "" if field.default is None else str(field.default)
