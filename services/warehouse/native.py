"""Native blocks as clients of a newer protocol read them, made from those the engine writes.

The engine writes Native as of protocol version 0. Clients that name a version of 54454 or later
expect a head on each block and a mark on each column. To put them in, one must know where a block
ends, so its columns are walked, not understood. Types without a fixed layout are refused.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from services.warehouse.errors import NOT_IMPLEMENTED, ServerError

COLUMN_MARKS = 54_454
"""From this version on each column says whether it is serialized in a way of its own. Clients of
earlier ones look whether blocks have a head; theirs stay as they are, in any type, at full speed.
"""

# Field 1, not of overflows; field 2, of no bucket; the end.
_BLOCK_HEAD = b"\x01\x00\x02\xff\xff\xff\xff\x00"
_USUAL_WAY = b"\x00"

_WIDTHS = {
    **{f"{sign}Int{bits}": bits // 8 for sign in ("", "U") for bits in (8, 16, 32, 64, 128, 256)},
    "Float32": 4,
    "Float64": 8,
    "BFloat16": 2,
    "Bool": 1,
    "Nothing": 1,
    "Date": 2,
    "Date32": 4,
    "DateTime": 4,
    "DateTime64": 8,
    "Time": 4,
    "Time64": 8,
    "UUID": 16,
    "IPv4": 4,
    "IPv6": 16,
    "Enum8": 1,
    "Enum16": 2,
    "Decimal32": 4,
    "Decimal64": 8,
    "Decimal128": 16,
    "Decimal256": 32,
}
_GEO = {
    "Point": "Tuple(Float64, Float64)",
    "Ring": "Array(Point)",
    "LineString": "Array(Point)",
    "MultiLineString": "Array(LineString)",
    "Polygon": "Array(Ring)",
    "MultiPolygon": "Array(Polygon)",
}
_INDEX_WIDTHS = (1, 2, 4, 8)
_TYPE = re.compile(r"(\w+)(?:\((.*)\))?$", re.DOTALL)
_NAMED = re.compile(r"(?:\w+|`(?:[^`\\]|\\.|``)*`)\s+(?=\w)")
_PART = re.compile(r"'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|.", re.DOTALL)


class _Short(Exception):
    """The block goes on after what is there."""


class Blocks:
    """Gives each block of a stream its head, as soon as the block is whole."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._enough = 0

    def each(self, data: bytes) -> Iterator[bytes]:
        """Yield the blocks that are whole after more data. Raises `ServerError` for odd types."""
        self._waiting += data
        while self._waiting and len(self._waiting) >= self._enough:
            walk = _Walk(self._waiting)
            try:
                block = _BLOCK_HEAD + walk.block()
            except _Short:
                # Each attempt walks from the beginning: the next one is worth it at double size.
                self._enough = 2 * len(self._waiting)
                return
            self._enough = 0
            del self._waiting[: walk.at]
            yield block

    def finish(self) -> Iterator[bytes]:
        """Yield what waits still, at the end of the stream."""
        self._enough = 0
        yield from self.each(b"")


class _Walk:
    def __init__(self, data: bytearray) -> None:
        self._data = data
        self.at = 0

    def block(self) -> bytes:
        columns, rows = self._number(), self._number()
        made = bytearray(self._data[: self.at])
        for _ in range(columns):
            begin = self.at
            self._skip(self._number())
            kind_at = self._number()
            kind = bytes(self._data[self.at : self.at + kind_at]).decode()
            self._skip(kind_at)
            made += self._data[begin : self.at] + _USUAL_WAY
            begin = self.at
            if rows:
                self._prefix(kind)
                self._values(kind, rows)
            made += self._data[begin : self.at]
        return bytes(made)

    def _skip(self, size: int) -> None:
        self.at += size
        if self.at > len(self._data):
            raise _Short

    def _number(self) -> int:
        """Read a number of variable length."""
        number = shift = 0
        while True:
            if self.at >= len(self._data):
                raise _Short
            byte = self._data[self.at]
            self.at += 1
            number |= (byte & 127) << shift
            if byte < 128:
                return number
            shift += 7

    def _fixed(self) -> int:
        self._skip(8)
        return int.from_bytes(self._data[self.at - 8 : self.at], "little")

    def _prefix(self, kind: str) -> None:
        name, parts = _parsed(kind)
        if name == "LowCardinality":
            self._skip(8)
            return
        for part in _inner(name, parts):
            self._prefix(part)

    def _values(self, kind: str, rows: int) -> None:
        if not rows:
            return
        name, parts = _parsed(kind)
        if (width := _width(name, parts)) is not None:
            self._skip(width * rows)
        elif name == "String":
            self._strings(rows)
        elif name == "Nullable":
            self._skip(rows)
            self._values(parts[0], rows)
        elif name == "LowCardinality":
            self._dictionary(parts[0])
        elif name in ("Array", "Map", "Nested"):
            self._skip(8 * (rows - 1))
            held = self._fixed()
            for part in _inner(name, parts):
                self._values(part, held)
        else:
            for part in _inner(name, parts):
                self._values(part, rows)

    def _strings(self, rows: int) -> None:
        for _ in range(rows):
            self._skip(self._number())

    def _dictionary(self, kind: str) -> None:
        width = _INDEX_WIDTHS[self._fixed() & 3]
        name, parts = _parsed(kind)
        self._values(parts[0] if name == "Nullable" else kind, self._fixed())
        self._skip(width * self._fixed())


@lru_cache(maxsize=1024)
def _parsed(kind: str) -> tuple[str, tuple[str, ...]]:
    """Return the name of a type and the parts between its brackets."""
    kind = _GEO.get(kind, kind)
    found = _TYPE.match(kind)
    if found is None:
        raise ServerError(NOT_IMPLEMENTED, f"Native with {kind}: ask for another format")
    return found[1], tuple(_split(found[2] or ""))


def _split(text: str) -> Iterator[str]:
    depth, part = 0, ""
    for piece in _PART.findall(text):
        depth += (piece == "(") - (piece == ")")
        if piece == "," and not depth:
            yield part.strip()
            part = ""
        else:
            part += piece
    if part.strip():
        yield part.strip()


def _width(name: str, parts: tuple[str, ...]) -> int | None:
    """Return how many bytes each value takes; None where that is not fixed."""
    if name == "FixedString":
        return int(parts[0])
    if name == "Decimal":
        digits = int(parts[0])
        return next(
            width for most, width in ((9, 4), (18, 8), (38, 16), (76, 32)) if digits <= most
        )
    if name.startswith("Interval"):
        return 8
    return _WIDTHS.get(name)


def _inner(name: str, parts: tuple[str, ...]) -> tuple[str, ...]:
    """Return the types that a type is made of, in the order in which they are written."""
    if name in ("Nullable", "Array", "Map"):
        return parts
    if name in ("Tuple", "Nested") and parts:
        return tuple(
            _NAMED.sub("", part, count=1) if _NAMED.match(part) else part for part in parts
        )
    if name == "SimpleAggregateFunction":
        return parts[-1:]
    if name == "String" or _width(name, parts) is not None:
        return ()
    raise ServerError(NOT_IMPLEMENTED, f"Native with {name}: ask for another format")
