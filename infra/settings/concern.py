"""What the settings of every concern have in common: where they come from, and units."""

import ipaddress

from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "SALESTAPE_"
KIB = 1024
MIB = 1024 * KIB
SHOWN_DEFAULT = "shown_default"
"""Where a field says what people read as its default, when the default itself is computed."""


class Concern(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,  # an input may be a secret
    )


def is_loopback_host(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
