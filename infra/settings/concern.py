"""What the settings of every concern have in common: where they come from, and units."""

import ipaddress
from typing import ClassVar, Self

from pydantic import model_validator
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


class Listening(Concern):
    """Settings of a process that listens: on this machine only, unless told otherwise."""

    host: str

    @property
    def is_loopback(self) -> bool:
        """Tell whether only this machine can reach the process."""
        return _is_loopback(self.host)


class Guarded(Listening):
    """The same where other machines may come in only with a secret."""

    guard: ClassVar[str]
    """The field that holds the secret."""

    @model_validator(mode="after")
    def _is_guarded(self) -> Self:
        if getattr(self, self.guard) is None and not self.is_loopback:
            setting = f"{self.model_config['env_prefix']}{self.guard}".upper()
            raise ValueError(
                f"host {self.host} can be reached from other machines; set {setting}, or listen "
                "on 127.0.0.1"
            )
        return self


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
