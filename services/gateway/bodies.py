"""From the body of a request to the bytes of each event in it.

Knows the forms that CloudEvents has over HTTP (structured, binary, batched) and JSON lines. What
is in an event is not looked at here; only where one ends and the next begins.
"""

import json
import re
from collections.abc import Mapping
from urllib.parse import unquote

from fastapi import Request
from pydantic_core import from_json

ONE = ("application/cloudevents+json", "application/json")
MANY = ("application/cloudevents-batch+json",)
LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl")

_ATTRIBUTE = "ce-"
_BINARY_MODE = ("ce-specversion", "ce-type", "ce-id")
_NUMBERS = ("sequence",)
_SPACE = re.compile(r"[ \t\n\r]*")


class BodyRefused(Exception):
    """A body that cannot be taken: the status of the answer, and what to do instead."""

    def __init__(self, status: int, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers


def check_encoding(headers: Mapping[str, str]) -> None:
    """Raise `BodyRefused` for a compressed body: unpacked it could be of any size."""
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise BodyRefused(
            415,
            f"the body says Content-Encoding: {encoding}; send it uncompressed",
            **{"Accept-Encoding": "identity"},
        )


def media_type_of(headers: Mapping[str, str]) -> str:
    """Return the media type of a body. Raises `BodyRefused` for one that cannot be read."""
    media_type, _, parameters = headers.get("content-type", "").partition(";")
    media_type = media_type.strip().lower()
    if media_type not in ONE + MANY + LINES:
        raise BodyRefused(
            415,
            f"the content type {media_type or '(none)'} is not taken here; send "
            f"{ONE[0]} for one event, {MANY[0]} for an array, {LINES[0]} for one event a line",
            Accept=", ".join(ONE + MANY + LINES),
        )
    charset = re.search(r'charset="?([^";\s]+)', parameters, re.IGNORECASE)
    if charset is not None and charset[1].lower() not in ("utf-8", "utf8", "us-ascii"):
        raise BodyRefused(415, f"the charset {charset[1]} is not taken here; send UTF-8")
    return media_type


async def read_body(request: Request, limit: int) -> bytes:
    """Return the body. Raises `BodyRefused` at once when it is larger than `limit` bytes."""
    told = request.headers.get("content-length", "")
    size = int(told) if told.isdecimal() else 0
    body = bytearray()
    if size <= limit:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                break
        else:
            return bytes(body)
    has = f"{size:,}" if size else f"more than {limit:,}"
    raise BodyRefused(
        413, f"the body has {has} bytes, at most {limit:,} are taken; send smaller batches"
    )


def events_of(media_type: str, headers: Mapping[str, str], body: bytes) -> list[bytes]:
    """Return the bytes of each event. Raises `BodyRefused` for an array that cannot be read."""
    if media_type in MANY:
        return elements_of(body)
    if media_type in LINES:
        return [line for line in map(bytes.strip, body.split(b"\n")) if line]
    if media_type == "application/json" and any(name in headers for name in _BINARY_MODE):
        return [_from_binary_mode(headers, body)]
    return [body]


def elements_of(body: bytes) -> list[bytes]:
    """Return the elements of a JSON array, each with just the bytes it has there.

    Raises `BodyRefused` where the array cannot be read, naming line and column.
    """
    try:
        text = body.decode()
        return _elements(text, body)
    except UnicodeDecodeError as error:
        raise BodyRefused(
            400, f"the body is not UTF-8: {error.reason} at byte {error.start}"
        ) from error
    except json.JSONDecodeError as error:
        raise BodyRefused(
            400,
            f"the body is not a JSON array of events: {error.msg} at line {error.lineno} "
            f"column {error.colno}; nothing of it was appended",
        ) from error
    except RecursionError as error:
        raise BodyRefused(
            400, "the body is nested too deeply; nothing of it was appended"
        ) from error


def _elements(text: str, body: bytes) -> list[bytes]:
    # Numbers stay text: they need no converting here, and one of a million digits no patience.
    decoder = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
    # Where all is ASCII, the places in the text are those in the bytes.
    ascii_only = text.isascii()
    found: list[bytes] = []
    here = _after_space(text, 0)
    if text[here : here + 1] != "[":
        raise json.JSONDecodeError("an array must begin with [", text, here)
    here = _after_space(text, here + 1)
    if text[here : here + 1] == "]":
        return _ended(text, here, found)
    while True:
        _, end = decoder.raw_decode(text, here)
        found.append(body[here:end] if ascii_only else text[here:end].encode())
        here = _after_space(text, end)
        following = text[here : here + 1]
        if following == "]":
            return _ended(text, here, found)
        if following != ",":
            raise json.JSONDecodeError("expected , or ]", text, here)
        here = _after_space(text, here + 1)


def _ended(text: str, here: int, found: list[bytes]) -> list[bytes]:
    rest = _after_space(text, here + 1)
    if rest != len(text):
        raise json.JSONDecodeError("something follows the array", text, rest)
    return found


def _after_space(text: str, here: int) -> int:
    match = _SPACE.match(text, here)
    return here if match is None else match.end()


def _from_binary_mode(headers: Mapping[str, str], body: bytes) -> bytes:
    """Return one event of which the attributes are headers and the data is the body."""
    try:
        from_json(body)
    except ValueError as error:
        raise BodyRefused(400, f"the data of the event is not readable as JSON: {error}") from error
    attributes: dict[str, str | int] = {"datacontenttype": "application/json"}
    for name, value in headers.items():
        if name.startswith(_ATTRIBUTE):
            attribute, text = name.removeprefix(_ATTRIBUTE), _decoded(name, value)
            isnumber = attribute in _NUMBERS and text.isdecimal() and len(text) < 20
            attributes[attribute] = int(text) if isnumber else text
    return json.dumps(attributes).encode()[:-1] + b',"data":' + body + b"}"


def _decoded(name: str, value: str) -> str:
    # The binding says: UTF-8, percent-encoded where it is not printable ASCII.
    try:
        return unquote(value.encode("latin-1"), errors="strict")
    except UnicodeDecodeError as error:
        raise BodyRefused(
            400, f"the header {name} is not UTF-8, percent-encoded: {error.reason}"
        ) from error
