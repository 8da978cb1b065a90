"""The ASGI application: ClickHouse's HTTP interface over the embedded engine.

Routes, and the way of one request from its first byte to its last. What is run is `work`'s.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, TypeVar

import anyio
from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from infra import clock
from infra.warehouse.embedded import EngineError
from services.warehouse import headers
from services.warehouse.access import Gate, Role
from services.warehouse.asking import Asked, asked_in, credentials_in
from services.warehouse.body import Body
from services.warehouse.compression import Compressor, chosen, compressor
from services.warehouse.errors import (
    NOT_IMPLEMENTED,
    READONLY,
    TOO_MANY_SIMULTANEOUS_QUERIES,
    ServerError,
    of_engine,
)
from services.warehouse.house import House
from services.warehouse.statements import MAX_HEAD_BYTES, InsertHead, insert_in
from services.warehouse.work import Result, Work

MAX_STATEMENT_BYTES = {"reader": 2**20, "writer": 64 * 2**20}
HELD_BYTES = 2**20
"""How much of an answer is kept back, so that an error in it still gets its own status."""
PATIENCE_SECONDS = 10.0
KILL_SECONDS = 0.1

T = TypeVar("T")


def warehouse_app(house: House, gate: Gate, statements: int = 16) -> Starlette:
    """Return the application; at most so many statements run side by side. It opens nothing."""
    endpoint = Endpoint(house, gate, statements)
    return Starlette(
        routes=[
            Route("/ping", _ping, methods=["GET", "HEAD"]),
            Route("/replicas_status", _ping, methods=["GET", "HEAD"]),
            Route("/", endpoint, methods=["GET", "HEAD", "POST"]),
        ]
    )


async def _ping(_request: Request) -> Response:
    return PlainTextResponse("Ok.\n")


class Endpoint:
    """Answers statements; an ASGI application of one path."""

    def __init__(self, house: House, gate: Gate, statements: int) -> None:
        self._house = house
        self._gate = gate
        self._slots = CapacityLimiter(statements)
        self._threads = CapacityLimiter(2 * statements + 8)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        exchange = _Exchange(request, send, self._house.version, self._threads)
        try:
            asked, role = await self._asked(request)
            exchange.know(asked)
            if not asked.query and request.method != "POST":
                await PlainTextResponse("Ok.\n")(scope, receive, send)
                return
            async with self._slot(), self._work(role, asked) as work:
                await self._serve(request, exchange, role, asked, work)
            # Only now: who has the whole answer may ask again, in the same session.
            await exchange.end()
        except ServerError as error:
            await exchange.fail(error)
        except ClientDisconnect:
            return

    async def _asked(self, request: Request) -> tuple[Asked, Role]:
        pairs = list(request.query_params.multi_items())
        role = self._gate.role_of(credentials_in(pairs, request.headers))
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            pairs += await _fields(request)
        asked = asked_in(pairs, request.headers)
        if role == "writer" and request.method != "POST":
            asked = replace(asked, settings={**asked.settings, "readonly": "2"})
        return asked, role

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        holder = object()
        with anyio.move_on_after(PATIENCE_SECONDS) as waiting:
            await self._slots.acquire_on_behalf_of(holder)
        if waiting.cancelled_caught:
            raise ServerError(
                TOO_MANY_SIMULTANEOUS_QUERIES, "Too many simultaneous queries; try again in a while"
            )
        try:
            yield
        finally:
            self._slots.release_on_behalf_of(holder)

    @asynccontextmanager
    async def _work(self, role: Role, asked: Asked) -> AsyncIterator[Work]:
        work = Work(self._house, role, asked)
        try:
            await self._in_thread(work.begin)
            yield work
        finally:
            with anyio.CancelScope(shield=True):
                await self._in_thread(work.close)

    async def _serve(
        self, request: Request, exchange: "_Exchange", role: Role, asked: Asked, work: Work
    ) -> None:
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            text = asked.query.encode()
        else:
            body = Body(request, asked.query)
            head, is_all = await body.head(MAX_HEAD_BYTES)
            insert = insert_in(head)
            # Rows with placeholders are no data: the engine must read them with the statement.
            if insert is not None and not (is_all and insert.format == "Values"):
                if request.method != "POST":
                    raise ServerError(READONLY, "Cannot insert by GET; use POST")
                await self._insert(exchange, work, insert, head, body)
                return
            text = await body.whole(head, MAX_STATEMENT_BYTES[role])
        async with _killed_on_disconnect(request, work, self._in_thread):
            result = await self._in_thread(lambda: work.run(text))
            await exchange.answer(result)

    async def _insert(
        self, exchange: "_Exchange", work: Work, insert: InsertHead, head: bytes, body: Body
    ) -> None:
        inserting = await self._in_thread(lambda: work.insert(insert))
        try:
            await self._in_thread(lambda: inserting.append(head[insert.data_at :]))
            async for piece in body.rest():
                await self._in_thread(lambda data=piece: inserting.append(data))  # type: ignore[misc]
            figures = await self._in_thread(inserting.finish)
        except EngineError as error:
            raise of_engine(error) from error
        except (ClientDisconnect, ServerError):
            await self._in_thread(inserting.cancel)
            raise
        await exchange.answer(Result(None, figures=figures))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await to_thread.run_sync(work, limiter=self._threads)


@asynccontextmanager
async def _killed_on_disconnect(
    request: Request, work: Work, in_thread: Callable[[Callable[[], None]], Any]
) -> AsyncIterator[None]:
    """End the statement when the client goes away; the body must have been read."""

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        while True:  # once may be too early: before the engine runs it, there is nothing to end
            await in_thread(work.kill)
            await asyncio.sleep(KILL_SECONDS)

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def _fields(request: Request) -> list[tuple[str, str]]:
    form = await request.form()
    fields = []
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            raise ServerError(
                NOT_IMPLEMENTED, f"{name}: external data is not taken; insert it into a table"
            )
        fields.append((name, value))
    return fields


class _Exchange:
    """Sends one answer: kept back while it is small or must be whole, then piece by piece."""

    def __init__(
        self, request: Request, send: Send, version: str, threads: CapacityLimiter
    ) -> None:
        self._request = request
        self._send = send
        self._version = version
        self._threads = threads
        self._asked = Asked()
        self._query_id = clock.new_id()
        self._tag = clock.new_id().replace("-", "")[:16]
        self._started = False
        self._compressor: Compressor = compressor(None)

    def know(self, asked: Asked) -> None:
        """Take in what the request asks for."""
        self._asked = asked
        self._query_id = asked.query_id or self._query_id

    async def answer(self, result: Result) -> None:
        """Send a result. Raises `ServerError` as long as nothing is sent."""
        with tempfile.SpooledTemporaryFile(max_size=8 * HELD_BYTES) as held:
            size, ended = 0, False
            while not ended and (self._asked.waits or size < HELD_BYTES):
                piece = await self._in_thread(result.read)
                ended = not piece
                size += len(piece)
                held.write(piece)
            held.seek(0)
            await self._start(200, result)
            while piece := held.read(HELD_BYTES):
                await self._write(piece)
        try:
            while not ended and (piece := await self._in_thread(result.read)):
                await self._write(piece)
        except ServerError as error:
            await self._break_off(error)

    async def end(self) -> None:
        """Send the end of what was answered."""
        body = self._compressor.flush()
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    async def fail(self, error: ServerError) -> None:
        """Answer with an error in place of a result."""
        if self._started:
            await self._break_off(error)
        else:
            await self._start(error.status, None, error)
            await self._write(f"{error.text(self._version)}\n".encode())
        await self.end()

    async def _start(
        self, status: int, result: Result | None, error: ServerError | None = None
    ) -> None:
        told = headers.common(self._query_id, self._tag)
        fmt = None if result is None else result.format
        told["Content-Type"] = headers.media_type(fmt)
        if fmt is not None:
            told["X-ClickHouse-Format"] = fmt
        if result is not None:
            told["X-ClickHouse-Summary"] = headers.summary(result.figures)
        if error is not None:
            told["X-ClickHouse-Exception-Code"] = str(error.code)
        encoding = chosen(self._request.headers.get("accept-encoding", ""))
        if encoding is not None and self._asked.compresses:
            self._compressor = compressor(encoding)
            told["Content-Encoding"] = encoding
            told["Vary"] = "Accept-Encoding"
        self._started = True
        raw = [
            (name.lower().encode(), value.encode("latin-1", "replace"))
            for name, value in told.items()
        ]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})

    async def _break_off(self, error: ServerError) -> None:
        """Tell an error in the midst of an answer, marked so that no data can look like it."""
        message = error.text(self._version).encode()
        text = b"\r\n__exception__\r\n%s\r\n%s\n%d %s\r\n__exception__\r\n" % (
            self._tag.encode(),
            message,
            len(message) + 1,
            self._tag.encode(),
        )
        await self._write(text)

    async def _write(self, data: bytes) -> None:
        packed = await self._in_thread(lambda: self._compressor.compress(data))
        if packed:
            await self._send({"type": "http.response.body", "body": packed, "more_body": True})

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await to_thread.run_sync(work, limiter=self._threads)
