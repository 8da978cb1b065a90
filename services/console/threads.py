"""Asking ports in threads, so that a slow answer never holds up the page of anybody else."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")

WORKERS = 6
"""One each for the feed and the pulse, two for the board, two for who opens a deal or searches."""


class Threads:
    """A few threads, and a way to wait until none is in a port any more."""

    def __init__(self) -> None:
        self._executor: ThreadPoolExecutor | None = None
        self._running: set[asyncio.Future[Any]] = set()

    async def run(self, call: Callable[..., T], *args: Any) -> T:
        """Return what a blocking call returns, or raise what it raises."""
        if self._executor is None:
            self._executor = ThreadPoolExecutor(WORKERS, thread_name_prefix="console")
        future = asyncio.wrap_future(self._executor.submit(call, *args))
        self._running.add(future)
        future.add_done_callback(self._returned)
        # Who waits may be cancelled; the call itself cannot be, and `close` must know of it.
        return await asyncio.shield(future)

    def _returned(self, future: asyncio.Future[Any]) -> None:
        self._running.discard(future)
        if not future.cancelled():
            future.exception()  # whoever waited was told; without this an abandoned call is logged

    async def close(self, timeout: float = 10.0) -> None:
        """Wait for the calls that run, at most `timeout` seconds, and let the threads go."""
        if self._running:
            await asyncio.wait(tuple(self._running), timeout=timeout)
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor = None
