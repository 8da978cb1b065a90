"""Every setting of the platform: type, default, meaning and example, in one file per concern.

Values come from the environment (`SALESTAPE_…`) or from whoever composes a process; nothing else
reads the environment. `all_settings` is what the reference page and `salestape doctor` show.
"""

from infra.settings.calendar import CalendarSettings
from infra.settings.catalogue import (
    CONCERNS,
    Setting,
    SettingsError,
    all_settings,
    load,
    unknown_names,
)
from infra.settings.console import ConsoleSettings
from infra.settings.data import DataSettings, DefinitionSettings, file_url
from infra.settings.gateway import GatewaySettings, QuerySettings
from infra.settings.kafka import KafkaSettings
from infra.settings.projector import ProjectorSettings
from infra.settings.server import ServerSettings
from infra.settings.signals import SignalSettings
from infra.settings.warehouse import WarehouseSettings

__all__ = [
    "CONCERNS",
    "CalendarSettings",
    "ConsoleSettings",
    "DataSettings",
    "DefinitionSettings",
    "GatewaySettings",
    "KafkaSettings",
    "ProjectorSettings",
    "QuerySettings",
    "ServerSettings",
    "Setting",
    "SettingsError",
    "SignalSettings",
    "WarehouseSettings",
    "all_settings",
    "file_url",
    "load",
    "unknown_names",
]
