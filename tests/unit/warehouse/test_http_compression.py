"""Streams are packed and unpacked piece by piece, wherever they are cut."""

import pytest

from services.warehouse.compression import ENCODINGS, Decompressor, chosen, compressor
from services.warehouse.errors import ServerError

TEXT = b"".join(b"%d," % number for number in range(300_000))


def packed(encoding: str, data: bytes) -> bytes:
    made = compressor(encoding)
    halves = made.compress(data[: len(data) // 2]) + made.compress(data[len(data) // 2 :])
    return halves + made.flush()


def unpacked(encoding: str, data: bytes, size: int) -> bytes:
    taking = Decompressor(encoding)
    pieces = [p for at in range(0, len(data), size) for p in taking.each(data[at : at + size])]
    taking.finish()
    return b"".join(pieces)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("size", [1_000, 10**9])
def test_what_is_packed_comes_out_again(encoding: str, size: int) -> None:
    assert unpacked(encoding, packed(encoding, TEXT), size) == TEXT


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_streams_in_a_row_are_one(encoding: str) -> None:
    assert unpacked(encoding, packed(encoding, b"a") + packed(encoding, b"b"), 3) == b"ab"
    assert unpacked(encoding, packed(encoding, b""), 3) == b""


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_unpacks_to_very_much_comes_in_bounded_pieces(encoding: str) -> None:
    bomb = packed(encoding, bytes(64 * 2**20))
    assert max(map(len, Decompressor(encoding).each(bomb))) <= 2**20


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_stream_that_is_cut_off_is_an_error(encoding: str) -> None:
    with pytest.raises(ServerError, match=encoding):
        unpacked(encoding, packed(encoding, TEXT)[:-20], 1_000)


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("", None),
        ("br", None),
        ("gzip", "gzip"),
        ("deflate, gzip;q=0.5, LZ4", "lz4"),
        ("zstd;q=0, deflate", "deflate"),
        ("gzip; q=0", None),
    ],
)
def test_the_best_that_both_speak_is_chosen(accepted: str, encoding: str | None) -> None:
    assert chosen(accepted) == encoding
