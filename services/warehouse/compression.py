"""HTTP compression of requests and answers: gzip, deflate, lz4 and zstd, piece by piece.

Not here: ClickHouse's own framing (`compress=1`), which belongs to its native protocol.
"""

import sys
import zlib
from collections.abc import Iterator
from typing import Any, Protocol

import lz4.frame  # type: ignore[import-untyped]  # it comes without types

from services.warehouse.errors import BAD_ARGUMENTS, NOT_IMPLEMENTED, ServerError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ENCODINGS = ("zstd", "lz4", "gzip", "deflate")
"""What is spoken, the best first."""

_ZLIB_BITS = {"gzip": 31, "deflate": 15}
_ROOM = 2**20


class Compressor(Protocol):
    """Compresses a stream."""

    def compress(self, data: bytes) -> bytes:
        """Return what can be sent after more data."""

    def flush(self) -> bytes:
        """Return the end of the stream."""


class _Plain:
    def compress(self, data: bytes) -> bytes:
        return data

    def flush(self) -> bytes:
        return b""


class _Lz4:
    def __init__(self) -> None:
        self._frame = lz4.frame.LZ4FrameCompressor()
        self._begun = False

    def compress(self, data: bytes) -> bytes:
        begin = b"" if self._begun else self._frame.begin()
        self._begun = True
        return bytes(begin + self._frame.compress(data))

    def flush(self) -> bytes:
        return self.compress(b"") + bytes(self._frame.flush())


def chosen(accepted: str) -> str | None:
    """Return the best encoding of an `Accept-Encoding` header, None where there is none."""
    offers = set()
    for part in accepted.split(","):
        name, _, weight = part.partition(";")
        if weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            offers.add(name.strip().lower())
    return next((one for one in ENCODINGS if one in offers), None)


def compressor(encoding: str | None) -> Compressor:
    """Return a compressor of an encoding; of None one that changes nothing."""
    if encoding is None:
        return _Plain()
    if encoding == "zstd":
        return zstd.ZstdCompressor()
    if encoding == "lz4":
        return _Lz4()
    return zlib.compressobj(wbits=_ZLIB_BITS[encoding], level=1)


class Decompressor:
    """Takes apart what a client compressed; several streams in a row are one."""

    def __init__(self, encoding: str) -> None:
        """Raises `ServerError` for an encoding that is not spoken."""
        self._encoding = encoding.strip().lower()
        if self._encoding not in (*ENCODINGS, "", "identity"):
            raise ServerError(
                NOT_IMPLEMENTED,
                f"Unknown compression method: {encoding}; send {', '.join(ENCODINGS)}",
            )
        self._stream: Any = None

    def each(self, data: bytes) -> Iterator[bytes]:
        """Yield what more data holds, at most 1 MiB at a time. Raises `ServerError`."""
        if self._encoding in ("", "identity"):
            yield data
            return
        try:
            while data:
                if self._stream is None:
                    self._stream = self._begin()
                yield from self._taken(data)
                data = self._stream.unused_data if self._stream.eof else b""
                if self._stream.eof:
                    self._stream = None
        except (zlib.error, RuntimeError, zstd.ZstdError) as error:
            raise ServerError(
                BAD_ARGUMENTS, f"The body is not {self._encoding}: {error}"
            ) from error

    def finish(self) -> None:
        """Raise `ServerError` where the data ended in the middle of a stream."""
        if self._stream is not None:
            raise ServerError(BAD_ARGUMENTS, f"The body ends inside its {self._encoding} stream")

    def _begin(self) -> Any:
        if self._encoding == "zstd":
            return zstd.ZstdDecompressor()
        if self._encoding == "lz4":
            return lz4.frame.LZ4FrameDecompressor()
        return zlib.decompressobj(wbits=_ZLIB_BITS[self._encoding])

    def _taken(self, data: bytes) -> Iterator[bytes]:
        stream, is_zlib = self._stream, self._encoding in _ZLIB_BITS
        while True:
            piece = stream.decompress(data, _ROOM)
            if piece:
                yield piece
            data = stream.unconsumed_tail if is_zlib else b""
            waits = is_zlib and not data and len(piece) < _ROOM
            if stream.eof or waits or (not is_zlib and stream.needs_input):
                return
