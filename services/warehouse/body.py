"""The body of a request: decompressed piece by piece, with what it begins with at hand."""

from collections.abc import AsyncIterator, Iterator

from anyio import to_thread
from starlette.requests import Request

from services.warehouse.compression import Decompressor
from services.warehouse.errors import QUERY_IS_TOO_LARGE, ServerError

PIECE_BYTES = 2**20


class Body:
    """What the statement and its data are read from: a text from the URL, then the body."""

    def __init__(self, request: Request, query: str) -> None:
        """Raises `ServerError` for an encoding that is not spoken."""
        self._decompressor = Decompressor(request.headers.get("content-encoding", ""))
        self._raw = request.stream()
        self._pieces = self._read()
        self._query = query.encode()

    async def head(self, most: int) -> tuple[bytes, bool]:
        """Return what it begins with, `most` bytes or a little more, and whether that is all."""
        head = bytearray(self._query)
        async for piece in self._pieces:
            if piece and self._query and head == self._query:
                head += b"\n"
            head += piece
            if len(head) >= most:
                return bytes(head), False
        return bytes(head), True

    async def whole(self, head: bytes, most: int) -> bytes:
        """Return everything, the beginning of which was read. Raises `ServerError` above `most`."""
        whole = bytearray(head)
        async for piece in self._pieces:
            whole += piece
            if len(whole) > most:
                break
        if len(whole) > most:
            raise ServerError(
                QUERY_IS_TOO_LARGE, f"Query is too large: more than {most} bytes were sent"
            )
        return bytes(whole)

    async def rest(self) -> AsyncIterator[bytes]:
        """Yield what follows the beginning, in pieces of about 1 MiB."""
        waiting = bytearray()
        async for piece in self._pieces:
            waiting += piece
            if len(waiting) >= PIECE_BYTES:
                yield bytes(waiting)
                waiting.clear()
        if waiting:
            yield bytes(waiting)

    async def _read(self) -> AsyncIterator[bytes]:
        async for data in self._raw:
            pieces = self._decompressor.each(data)
            while (piece := await to_thread.run_sync(_next, pieces)) is not None:
                yield piece
        self._decompressor.finish()


def _next(pieces: Iterator[bytes]) -> bytes | None:
    return next(pieces, None)
