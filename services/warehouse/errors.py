"""Errors as a ClickHouse server answers them: code, text, HTTP status."""

import re
from http import HTTPStatus

from infra.warehouse.embedded import EngineError

BAD_ARGUMENTS = 36
NOT_IMPLEMENTED = 48
LOGICAL_ERROR = 49
SYNTAX_ERROR = 62
UNKNOWN_FORMAT = 73
UNKNOWN_DATABASE = 81
UNKNOWN_SETTING = 115
INCORRECT_DATA = 117
TIMEOUT_EXCEEDED = 159
READONLY = 164
REQUIRED_PASSWORD = 194
TOO_MANY_SIMULTANEOUS_QUERIES = 202
QUERY_IS_TOO_LARGE = 229
SESSION_NOT_FOUND = 372
SESSION_IS_LOCKED = 373
INVALID_SESSION_TIMEOUT = 374
QUERY_WAS_CANCELLED = 394
SETTING_CONSTRAINT_VIOLATION = 452
UNKNOWN_QUERY_PARAMETER = 456
ACCESS_DENIED = 497
AUTHENTICATION_FAILED = 516
UNSUPPORTED_MEDIA_TYPE = 779

NAMES = {
    code: name for name, code in list(globals().items()) if name.isupper() and isinstance(code, int)
}

_WRONG = (6, 8, 15, 25, 26, 27, 36, 37, 38, 41, 44, 53, 62, 72, 117, 123, 167, 168, 223, 321)
_WRONG_TEXT = (376, 427, 441, 675, 676)
_UNKNOWN = (46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 152, 336, 511)
_FORBIDDEN = (192, 193, ACCESS_DENIED, 512, AUTHENTICATION_FAILED)
_LATER = (76, 209, 439)

_STATUS: dict[int, HTTPStatus] = {
    REQUIRED_PASSWORD: HTTPStatus.UNAUTHORIZED,
    QUERY_IS_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    NOT_IMPLEMENTED: HTTPStatus.NOT_IMPLEMENTED,
    TIMEOUT_EXCEEDED: HTTPStatus.REQUEST_TIMEOUT,
    UNSUPPORTED_MEDIA_TYPE: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    **dict.fromkeys(_FORBIDDEN, HTTPStatus.FORBIDDEN),
    **dict.fromkeys(_WRONG + _WRONG_TEXT, HTTPStatus.BAD_REQUEST),
    **dict.fromkeys(_UNKNOWN, HTTPStatus.NOT_FOUND),
    **dict.fromkeys(_LATER, HTTPStatus.SERVICE_UNAVAILABLE),
}
"""The statuses that a server gives for codes; for all others 500."""

_ENDS_WITH_NAME = re.compile(r"\(([A-Z][A-Z0-9_]+)\)\s*$")
_VERSION = re.compile(r"\s*\(version [^()]*(?:\([^()]*\))?\)\s*$")
_CODE = re.compile(r"^Code: \d+\. (?:DB::Exception: )?")
_NAMED = re.compile(r"\([A-Z][A-Z0-9_]{3,}\)(?=\s*(?:$|\n|\())")
_WRAPPED = re.compile(r"^Streaming \w+ \w+ failed: ")


class ServerError(Exception):
    """What is answered instead of a result."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def status(self) -> int:
        """The HTTP status that a server gives for the code."""
        return int(_STATUS.get(self.code, HTTPStatus.INTERNAL_SERVER_ERROR))

    def text(self, version: str) -> str:
        """Return the error as a server of a version writes it."""
        name = "" if _ENDS_WITH_NAME.search(self.message) else f" ({NAMES.get(self.code, 'ERROR')})"
        return (
            f"Code: {self.code}. DB::Exception: {self.message}{name} "
            f"(version {version} (official build))"
        )


def of_engine(error: EngineError) -> ServerError:
    """Return an error of the embedded engine as a server would put it."""
    text = _VERSION.sub("", _WRAPPED.sub("", error.text)).strip()
    text = _CODE.sub("", text)
    named = _NAMED.search(text)
    if named is not None:
        # What follows is how the embedded engine was called, such as where its own output went.
        text = text[: named.end()]
    return ServerError(error.code or LOGICAL_ERROR, text or "the engine gave no reason")
