"""Why a call on the warehouse failed: can it pass when tried again, and is a value to blame?

The one place that knows; who calls decides what to do. *Later*: the same call may pass when tried
again (a server away, too much to do, a replica behind). *Never*: it fails until somebody changes
something (a table, a right, the statement, the value).
"""

import re
from enum import Enum

from clickhouse_connect.driver.exceptions import (
    ClickHouseError,
    InterfaceError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
)
from urllib3.exceptions import HTTPError, SSLError

FAILURES = (ClickHouseError, HTTPError, OSError)
"""What a call on a client raises when it fails: clickhouse-connect lets a few errors of urllib3 and
of sockets through as they are."""


class Outlook(Enum):
    """What is to be expected of a call that failed."""

    LATER = "later"
    """The same call may pass when tried again."""
    NEVER = "never"
    """It fails until somebody changes something."""
    VALUE = "value"
    """It fails for a value in it: without that one it may pass, with it never."""


VALUE_CODES = frozenset(
    {
        6,  # CANNOT_PARSE_TEXT
        26,  # CANNOT_PARSE_QUOTED_STRING
        27,  # CANNOT_PARSE_INPUT_ASSERTION_FAILED
        32,  # ATTEMPT_TO_READ_AFTER_EOF
        38,  # CANNOT_PARSE_DATE
        41,  # CANNOT_PARSE_DATETIME
        43,  # ILLEGAL_TYPE_OF_ARGUMENT
        53,  # TYPE_MISMATCH
        69,  # ARGUMENT_OUT_OF_BOUND
        70,  # CANNOT_CONVERT_TYPE
        72,  # CANNOT_PARSE_NUMBER
        117,  # INCORRECT_DATA
        131,  # TOO_LARGE_STRING_SIZE
        321,  # VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
        349,  # CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
        407,  # DECIMAL_OVERFLOW
    }
)
"""Codes of the engine that blame a value."""

NEVER_CODES = frozenset(
    {
        8,  # THERE_IS_NO_COLUMN
        10,  # NOT_FOUND_COLUMN_IN_BLOCK
        15,  # DUPLICATE_COLUMN
        16,  # NO_SUCH_COLUMN_IN_TABLE
        20,  # NUMBER_OF_COLUMNS_DOESNT_MATCH
        36,  # BAD_ARGUMENTS
        42,  # NUMBER_OF_ARGUMENTS_DOESNT_MATCH
        44,  # ILLEGAL_COLUMN
        46,  # UNKNOWN_FUNCTION
        47,  # UNKNOWN_IDENTIFIER
        48,  # NOT_IMPLEMENTED
        50,  # UNKNOWN_TYPE
        56,  # UNKNOWN_STORAGE
        57,  # TABLE_ALREADY_EXISTS
        60,  # UNKNOWN_TABLE
        62,  # SYNTAX_ERROR
        63,  # UNKNOWN_AGGREGATE_FUNCTION
        73,  # UNKNOWN_FORMAT
        80,  # INCORRECT_QUERY
        81,  # UNKNOWN_DATABASE
        82,  # DATABASE_ALREADY_EXISTS
        115,  # UNKNOWN_SETTING
        139,  # NO_ELEMENTS_IN_CONFIG: macros
        164,  # READONLY: the user's, not a replica's
        179,  # MULTIPLE_EXPRESSIONS_FOR_ALIAS
        184,  # ILLEGAL_AGGREGATION
        192,  # UNKNOWN_USER
        193,  # WRONG_PASSWORD
        194,  # REQUIRED_PASSWORD
        195,  # IP_ADDRESS_NOT_ALLOWED
        206,  # ALIAS_REQUIRED
        207,  # AMBIGUOUS_IDENTIFIER
        215,  # NOT_AN_AGGREGATE
        288,  # DISTRIBUTED_IN_JOIN_SUBQUERY_DENIED
        291,  # DATABASE_ACCESS_DENIED
        342,  # METADATA_MISMATCH
        344,  # SUPPORT_IS_DISABLED
        352,  # AMBIGUOUS_COLUMN_NAME
        386,  # NO_COMMON_TYPE
        392,  # QUERY_IS_PROHIBITED
        452,  # SETTING_CONSTRAINT_VIOLATION
        497,  # ACCESS_DENIED
        511,  # UNKNOWN_ROLE
        516,  # AUTHENTICATION_FAILED
        701,  # CLUSTER_DOESNT_EXIST
    }
)
"""Codes that stay until somebody changes the statement, the tables, the rights or the server."""

# Any other code may pass: 159 and 209 (timeouts), 202 (too many queries), 210 (network), 225, 242,
# 244 (no Keeper, read-only replica), 236 and 394 (the server ends), 241 (memory), 243 (disk full),
# 252 (too many parts), 285, 286, 289, 319 (quorum), 279 (no shard answers), 999 (Keeper lost), …
# A code that a later version brings is taken for one that passes: what waits loses nothing.

_CODE = re.compile(r"\bCode: (\d+)\. ")
_STATUS = re.compile(r"HTTP driver received HTTP status (\d{3})")
_PLACE = re.compile(r"host='([^']+)', port=(\d+)\)")
_CAUSE = re.compile(r"Caused by (.*?)(?: executing .*)?$")
_WRAPPING = re.compile(r"^\w+\(|HTTPS?Connection\([^)]*\): |<[^>]*>, ")
_END = re.compile(r"[\"']?\)+$")
_LATER_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses without a code of the engine: of a proxy in front, or a server that just starts."""


def code_of(error: BaseException) -> int:
    """Return ClickHouse's code of an error, 0 where it has none: it never reached the engine."""
    code = getattr(error, "code", None)
    if code:
        return int(code)
    found = _CODE.search(str(error))
    return int(found[1]) if found else 0


def brief(error: BaseException) -> str:
    """Return an error as people read it: of a server that is away, where it is and what happened.

    What the engine says is left as it is.
    """
    told = " ".join(str(error).split())
    place, cause = _PLACE.search(told), _CAUSE.search(told)
    if code_of(error) or place is None or cause is None:
        return told
    reason = _WRAPPING.sub("", _WRAPPING.sub("", cause[1]).lstrip("\"'"))
    return f"{place[1]}:{place[2]} does not answer: {_END.sub('', reason)}"


def outlook(error: BaseException) -> Outlook:
    """Return what is to be expected of a call that failed with this error."""
    code = code_of(error)
    if code in VALUE_CODES:
        return Outlook.VALUE
    if code:
        return Outlook.NEVER if code in NEVER_CODES else Outlook.LATER
    if status := _STATUS.search(str(error)):
        return Outlook.LATER if int(status[1]) in _LATER_STATUS else Outlook.NEVER
    if _is_about_certificates(error):
        return Outlook.NEVER
    if isinstance(error, OperationalError):
        return Outlook.LATER
    if isinstance(error, (ProgrammingError, InterfaceError, NotSupportedError)):
        return Outlook.NEVER
    return Outlook.LATER if isinstance(error, FAILURES) else Outlook.NEVER


def may_pass_later(error: BaseException) -> bool:
    """Return whether the same call may pass when it is tried again."""
    return outlook(error) is Outlook.LATER


def blames_a_value(error: BaseException) -> bool:
    """Return whether a value in the call is to blame, so that the rest may pass without it."""
    return outlook(error) is Outlook.VALUE


def _is_about_certificates(error: BaseException) -> bool:
    """Tell a certificate that is not trusted from a connection that was cut in the handshake."""
    seen: BaseException | None = error
    while seen is not None:
        reason = getattr(seen, "reason", None)
        if isinstance(seen, SSLError) or isinstance(reason, SSLError):
            return "CERTIFICATE" in str(seen) or "hostname" in str(seen).lower()
        seen = seen.__cause__ or seen.__context__
    return False
