"""Who may ask what: the reading role for everybody, the writing role for those who have its key."""

import hmac
from collections.abc import Mapping
from typing import Literal

from infra.reading import permitted
from infra.reading.limits import Limits
from services.warehouse.asking import Credentials
from services.warehouse.errors import (
    ACCESS_DENIED,
    AUTHENTICATION_FAILED,
    READONLY,
    SETTING_CONSTRAINT_VIOLATION,
    UNKNOWN_SETTING,
    ServerError,
)

Role = Literal["reader", "writer"]

READER = "default"
WRITER = "writer"

READER_DATABASES = frozenset({"", "default", permitted.DATABASE})
"""What a reader may name as its database; all mean `sales`."""

IGNORED = frozenset(
    {
        "add_http_cors_header",
        "async_insert",
        "cancel_http_readonly_queries_on_client_close",
        "cast_string_to_dynamic_use_inference",
        "connect_timeout",
        "date_time_input_format",
        "enable_http_compression",
        "http_headers_progress_interval_ms",
        "http_zlib_compression_level",
        "log_comment",
        "network_compression_method",
        "readonly",
        "receive_timeout",
        "send_progress_in_http_headers",
        "send_timeout",
        "wait_for_async_insert",
    }
)
"""Settings that clients send and that change nothing for one who reads."""

LOWERED = {
    "max_execution_time": "0",
    "max_memory_usage": "0",
    "max_result_rows": "0",
    "max_result_bytes": "0",
    "max_rows_to_read": "0",
    "max_bytes_to_read": "0",
    "max_threads": "0",
}
"""Limits that a reader may set for itself, but not above the endpoint's own."""

TAKEN = permitted.SETTINGS | {
    "max_block_size",
    "result_overflow_mode",
    "output_format_arrow_compression_method",
    "output_format_arrow_string_as_string",
    "output_format_arrow_fixed_string_as_fixed_byte_array",
    "output_format_arrow_low_cardinality_as_dictionary",
    "output_format_native_encode_types_in_binary_format",
    "output_format_parquet_compression_method",
    "output_format_parquet_string_as_string",
}

ALWAYS = {
    "timeout_before_checking_execution_speed": "0",
    "timeout_overflow_mode": "throw",
    "read_overflow_mode": "throw",
    "allow_introspection_functions": "0",
    "allow_ddl": "0",
    # So that clients which may change nothing still know that answers come compressed.
    "enable_http_compression": "1",
}


class Gate:
    """Tells roles apart. Secrets are compared in constant time and never repeated."""

    def __init__(self, reader_password: str | None, writer_key: str | None) -> None:
        self._reader = None if reader_password is None else reader_password.encode()
        self._writer = None if writer_key is None else writer_key.encode()

    def role_of(self, who: Credentials) -> Role:
        """Return the role of a request. Raises `ServerError` 516."""
        given = who.password.encode()
        if who.user == WRITER and self._writer is not None:
            if hmac.compare_digest(given, self._writer):
                return "writer"
        elif who.user == READER and (
            self._reader is None or hmac.compare_digest(given, self._reader)
        ):
            return "reader"
        raise ServerError(
            AUTHENTICATION_FAILED,
            f"{who.user}: Authentication failed: password is incorrect, or there is no user with "
            "such name.",
        )


def reader_settings(
    asked: Mapping[str, str], limits: Limits, known: frozenset[str]
) -> dict[str, str]:
    """Return the settings of a reader's statement, its limits among them.

    Raises `ServerError` for a setting that there is not, or that is not a reader's to change.
    """
    chosen: dict[str, str] = {}
    bounds = limits.settings()
    for name, value in asked.items():
        if name in LOWERED:
            chosen[name] = _lowered(name, value, bounds.get(name))
        elif name in TAKEN:
            chosen[name] = value
        elif name not in known:
            raise ServerError(
                UNKNOWN_SETTING,
                f"Setting {name} is neither a builtin setting nor started with the prefix "
                "registered for user-defined settings",
            )
        elif name not in IGNORED or (name == "readonly" and value not in ("1", "2")):
            raise ServerError(READONLY, f"Cannot modify '{name}' setting in readonly mode")
    return bounds | {"result_overflow_mode": "throw"} | chosen | ALWAYS


def check_lasting(changes: Mapping[str, str], limits: Limits, known: frozenset[str]) -> None:
    """Raise `ServerError` unless a reader may SET what it asks for, and will have it so."""
    chosen = reader_settings(changes, limits, known)
    for name, value in changes.items():
        if chosen.get(name, value) != value:
            raise ServerError(
                SETTING_CONSTRAINT_VIOLATION,
                f"Setting {name} shouldn't be greater than {chosen[name]}",
            )


def check_reader_database(name: str) -> None:
    """Raise `ServerError` unless a reader may have a database as its own."""
    if name not in READER_DATABASES:
        raise ServerError(
            ACCESS_DENIED,
            f"{READER}: Not enough privileges. The database {name} is not for reading here; "
            f"people read {permitted.DATABASE}",
        )


def _lowered(name: str, value: str, bound: str | None) -> str:
    try:
        number = float(value)
    except ValueError:
        raise ServerError(36, f"Setting {name} is a number, not '{value}'") from None
    if bound is None or 0 < number <= float(bound):
        return value
    return bound
