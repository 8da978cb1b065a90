"""What a request asks for, as ClickHouse's HTTP interface writes it: parameters and headers.

The statement and its data are not read here; they may be long.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from services.warehouse.errors import (
    AUTHENTICATION_FAILED,
    BAD_ARGUMENTS,
    INVALID_SESSION_TIMEOUT,
    NOT_IMPLEMENTED,
    ServerError,
)

DEFAULT_FORMAT = "TabSeparated"
DEFAULT_USER = "default"
SESSION_SECONDS = 60
MAX_SESSION_SECONDS = 3_600

_PARAMETER = "param_"
_IGNORED = frozenset({"quota_key", "stacktrace", "http_write_exception_in_output_format"})
_TRUE = frozenset({"1", "true"})


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who asks, as far as the request says."""

    user: str = DEFAULT_USER
    password: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, without its body."""

    query: str = ""
    """The part of the statement that stands in the URL."""
    query_id: str = ""
    database: str = ""
    format: str = DEFAULT_FORMAT
    parameters: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    session: str = ""
    session_seconds: int = SESSION_SECONDS
    session_must_exist: bool = False
    waits: bool = False
    """Whether nothing may be answered before the statement has ended."""
    compresses: bool = True
    protocol: int = 0
    """The version of the native protocol whose blocks the client reads in Native."""


def asked_in(pairs: Iterable[tuple[str, str]], headers: Mapping[str, str]) -> Asked:
    """Return what the parameters of a URL or form, and the headers, ask for.

    Raises `ServerError` for what this endpoint does not do.
    """
    given, parameters = {}, {}
    for name, value in pairs:
        if name.startswith(_PARAMETER):
            parameters[name.removeprefix(_PARAMETER)] = value
        else:
            given[name] = value
    for name in ("user", "password", *_IGNORED):
        given.pop(name, None)
    for name in ("compress", "decompress"):
        if given.pop(name, "0").lower() in _TRUE:
            raise ServerError(
                NOT_IMPLEMENTED,
                f"{name}=1, the framing of the native protocol, is not spoken here; "
                "compress with Content-Encoding and Accept-Encoding",
            )
    if given.pop("role", ""):
        raise ServerError(NOT_IMPLEMENTED, "There are no roles to choose here")
    waits = given.pop("wait_end_of_query", "0").lower() in _TRUE
    given.pop("buffer_size", None)
    return Asked(
        query=given.pop("query", ""),
        query_id=given.pop("query_id", ""),
        database=given.pop("database", "") or headers.get("x-clickhouse-database", ""),
        format=given.pop("default_format", "")
        or headers.get("x-clickhouse-format", "")
        or DEFAULT_FORMAT,
        parameters=parameters,
        session=given.pop("session_id", ""),
        session_seconds=_session_seconds(given.pop("session_timeout", "")),
        session_must_exist=given.pop("session_check", "0") in _TRUE,
        waits=waits,
        compresses=given.get("enable_http_compression", "1") != "0",
        protocol=_protocol(given.pop("client_protocol_version", "")),
        settings=given,
    )


def credentials_in(pairs: Iterable[tuple[str, str]], headers: Mapping[str, str]) -> Credentials:
    """Return who asks. Raises `ServerError` where it is said in two ways at once."""
    found = []
    if "x-clickhouse-user" in headers or "x-clickhouse-key" in headers:
        found.append(
            Credentials(
                headers.get("x-clickhouse-user", DEFAULT_USER),
                headers.get("x-clickhouse-key", ""),
            )
        )
    if authorization := headers.get("authorization", ""):
        found.append(_basic(authorization))
    given = dict(pairs)
    if "user" in given or "password" in given:
        found.append(Credentials(given.get("user", DEFAULT_USER), given.get("password", "")))
    if len(found) > 1:
        raise ServerError(
            AUTHENTICATION_FAILED,
            "Invalid authentication: give it in one way only, by headers, by HTTP Basic, or in "
            "the URL",
        )
    return found[0] if found else Credentials()


def _basic(authorization: str) -> Credentials:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise ServerError(
            AUTHENTICATION_FAILED, f"Invalid authentication: '{scheme}' is not supported; use Basic"
        )
    try:
        user, _, password = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ServerError(
            AUTHENTICATION_FAILED, "Invalid authentication: what follows Basic is not base64"
        ) from error
    return Credentials(user or DEFAULT_USER, password)


def _session_seconds(given: str) -> int:
    if not given:
        return SESSION_SECONDS
    if not given.isdecimal() or not 1 <= int(given) <= MAX_SESSION_SECONDS:
        raise ServerError(
            INVALID_SESSION_TIMEOUT,
            f"Session timeout '{given}' is not a number of seconds from 1 to {MAX_SESSION_SECONDS}",
        )
    return int(given)


def _protocol(given: str) -> int:
    if given and not given.isdecimal():
        raise ServerError(BAD_ARGUMENTS, f"client_protocol_version '{given}' is no number")
    return int(given or 0)
