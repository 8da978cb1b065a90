"""Blocks get their heads wherever the stream is cut, and odd types are refused."""

import pytest

from services.warehouse.errors import ServerError
from services.warehouse.native import Blocks

HEAD = b"\x01\x00\x02\xff\xff\xff\xff\x00"


def column(name: bytes, kind: bytes, data: bytes, mark: bytes = b"") -> bytes:
    return bytes([len(name)]) + name + bytes([len(kind)]) + kind + mark + data


DICTIONARY = (
    (0).to_bytes(8, "little")  # its version, before everything else of the column
    + (1).to_bytes(8, "little") + (2).to_bytes(8, "little")  # where the two rows end
    + (0x600).to_bytes(8, "little")
    + (1).to_bytes(8, "little") + b"\x01k"
    + (2).to_bytes(8, "little") + b"\x00\x00"
)  # fmt: skip
COLUMNS = [
    (b"n", b"Decimal(18, 2)", bytes(16)),
    (b"s", b"String", b"\x02ab\x00"),
    (b"m", b"Nullable(Enum8('a,(' = 1))", b"\x00\x01\x07\x00"),
    (b"l", b"Array(LowCardinality(Nullable(String)))", DICTIONARY),
    (b"t", b"Tuple(a String, `b c` Array(UInt8))", b"\x01x\x01y" + bytes(16)),
    (b"d", b"DateTime64(6, 'UTC')", bytes(16)),
]
PLAIN = bytes([len(COLUMNS), 2]) + b"".join(column(*one) for one in COLUMNS)
MARKED = HEAD + bytes([len(COLUMNS), 2]) + b"".join(column(*one, b"\x00") for one in COLUMNS)
EMPTY = b"\x01\x00" + column(b"n", b"UInt8", b"")


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_every_block_gets_its_head_and_its_columns_their_marks(size: int) -> None:
    stream = PLAIN * 3 + EMPTY + PLAIN
    blocks = Blocks()
    found = b""
    for at in range(0, len(stream), size):
        found += b"".join(blocks.each(stream[at : at + size]))
    found += b"".join(blocks.finish())
    empty = HEAD + b"\x01\x00" + column(b"n", b"UInt8", b"", b"\x00")
    assert found == MARKED * 3 + empty + MARKED


@pytest.mark.parametrize("kind", [b"Dynamic", b"AggregateFunction(sum, UInt8)", b"JSON"])
def test_a_type_without_a_known_layout_is_refused(kind: bytes) -> None:
    with pytest.raises(ServerError, match="another format"):
        list(Blocks().each(b"\x01\x01" + column(b"x", kind, b"")))
