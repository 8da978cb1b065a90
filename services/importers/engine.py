"""How importers use the ClickHouse engine: the settings every query runs under, and its errors.

The engine only ever reads here, from the files of the run; nothing is created in it.
"""

import re

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

__all__ = ["SETTINGS", "ClickHouseError", "Client", "reason_of"]

SETTINGS: dict[str, object] = {
    # One thread reads and computes in the order of the files, so that the order of equal rows,
    # and with it their ids, is the same in every run.
    "max_threads": 1,
    "session_timezone": "UTC",
    # The texts that ids are made from: a changed default of the engine must not change an id.
    "date_time_output_format": "iso",
    "output_format_decimal_trailing_zeros": 0,
    "output_format_json_quote_decimals": 1,
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_escape_forward_slashes": 0,
    "output_format_json_named_tuples_as_objects": 1,
    "output_format_json_skip_null_value_in_named_tuples": 1,
    # As SQL has it elsewhere: a cast keeps NULL, and `sum(x) AS x` may stand beside `WHERE x > 0`.
    "cast_keep_nullable": 1,
    "join_use_nulls": 1,
    "prefer_column_name_to_alias": 1,
    "max_bytes_before_external_group_by": 1 << 29,
    "max_bytes_before_external_sort": 1 << 29,
}

_NOISE = (
    re.compile(r"^.*?DB::Exception: ", re.DOTALL),
    re.compile(r"\s*:?\s*\(?\b[Ii]n (file/uri|scope) .*?(?=\. Maybe you meant|$)", re.DOTALL),
    re.compile(r"(: )?[Ww]hile (executing|processing) .*$", re.DOTALL),
    re.compile(r"\.? In query .*$", re.DOTALL),
    re.compile(r"\. Expected one of: .*$", re.DOTALL),
    re.compile(r" Note: there are .*$", re.DOTALL),
    re.compile(r"\s*\([A-Z_]+\)\s*(\(version .*\))?\s*$"),
)


def reason_of(error: ClickHouseError) -> str:
    """Return the engine's message without its codes, scopes and lists of what might follow."""
    message = str(error)
    for noise in _NOISE:
        message = noise.sub("", message)
    message = " ".join(message.split()).rstrip(" .:")
    return message if len(message) <= 400 else message[:397] + "..."
