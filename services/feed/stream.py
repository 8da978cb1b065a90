"""One reader's feed as server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events

Reads from a position on, at the pace the client takes it, until the client leaves or the feed
ends. While it waits for a slow client it holds one piece of at most some 64 KiB, and no queue.
"""

import asyncio
import logging
from collections.abc import Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from infra import clock
from infra.http_problem import problem
from infra.tape.contract import Positions, TapeRefused, TapeUnavailable
from services.feed.chunks import FeedEnded
from services.feed.filters import Filter
from services.feed.hub import FeedHub, HubFull
from services.feed.positions import text_of

MEDIA_TYPE = "text/event-stream"
KEEP_ALIVE_SECONDS = 15.0
RETRY_MILLISECONDS = 2_000

_PIECE_BYTES = 64 * 1024
_TOLD_EVERY_SECONDS = 1.0
_LAST_WORD_SECONDS = 1.0
_TAPE_AWAY_SECONDS = 1.0

_log = logging.getLogger(__name__)


class FeedStream(Response):
    """The events after `position` that a filter lets through, for as long as they are wanted."""

    media_type = MEDIA_TYPE

    def __init__(
        self,
        hub: FeedHub,
        position: Positions,
        wanted: Filter,
        *,
        keep_alive_seconds: float = KEEP_ALIVE_SECONDS,
        monotonic: Callable[[], float] = clock.monotonic,
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._hub = hub
        self._position = dict(position)
        self._wanted = wanted
        self._keep_alive_seconds = keep_alive_seconds
        self._monotonic = monotonic
        self._told_at = monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with self._hub.reader():
                await self._serve(receive, send)
        except (HubFull, FeedEnded) as error:
            refusal = problem(503, str(error), {"Retry-After": str(RETRY_MILLISECONDS // 1000)})
            await refusal(scope, receive, send)

    async def _serve(self, receive: Receive, send: Send) -> None:
        left = asyncio.create_task(_client_left(receive))
        ended = asyncio.create_task(self._hub.wait_closed())
        stream = asyncio.create_task(self._stream(send))
        try:
            await asyncio.wait({left, ended, stream}, return_when=asyncio.FIRST_COMPLETED)
            if not left.done():
                # The feed has ended; a client that still reads is told so.
                await asyncio.wait({left, stream}, timeout=_LAST_WORD_SECONDS)
            if stream.done():
                stream.result()
            elif not left.done():
                # This one does not read, so its response cannot be ended: the server must cut
                # the connection (`services.feed.serving`).
                stream.cancel()
                await left
        finally:
            for task in (left, ended, stream):
                task.cancel()
            await asyncio.gather(left, ended, stream, return_exceptions=True)

    async def _stream(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await self._send(send, b"retry: %d\n%b\n" % (RETRY_MILLISECONDS, self._id()))
        while not self._hub.closed:
            try:
                piece = await self._next_piece()
            except FeedEnded:
                break
            except TapeUnavailable as error:
                _log.warning("a reader of the feed waits for the tape: %s", error)
                await asyncio.sleep(_TAPE_AWAY_SECONDS)
                continue
            except TapeRefused as error:
                if self._hub.closed:  # the tape was closed with it
                    break
                _log.error("a reader of the feed is sent away, the tape cannot be read: %s", error)
                break
            if piece:
                await self._send(send, piece)
            else:
                await self._idle(send)
            await asyncio.sleep(0)  # what is at hand is sent without waiting; others wait too
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _next_piece(self) -> bytes:
        """Go on by at most a chunk a partition, and return what of it is wanted."""
        piece = bytearray()
        for partition in self._hub.partitions():
            for item in await self._hub.read(self._position, partition):
                self._position[partition] = self._position.get(partition, 0) + 1
                if item is not None and self._wanted.lets(item):
                    piece += self._id() + item.frame
                    if len(piece) >= _PIECE_BYTES:
                        return bytes(piece)
        return bytes(piece)

    async def _idle(self, send: Send) -> None:
        """Wait for news; tell how far this is when nothing was wanted for a while.

        A client that comes back with the position told last need not go through all of it again.
        """
        silent = self._monotonic() - self._told_at
        if silent >= self._keep_alive_seconds:
            await self._send(send, b": keep-alive\n%b\n" % self._id())
        elif not self._hub.is_behind(self._position):
            await self._hub.wait(self._position, self._keep_alive_seconds - silent)
        elif silent >= _TOLD_EVERY_SECONDS:
            await self._send(send, self._id() + b"\n")

    async def _send(self, send: Send, body: bytes) -> None:
        await send({"type": "http.response.body", "body": body, "more_body": True})
        self._told_at = self._monotonic()

    def _id(self) -> bytes:
        return b"id: %b\n" % text_of(self._position).encode()


async def _client_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
