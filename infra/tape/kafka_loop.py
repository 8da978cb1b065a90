"""An event loop in a thread of its own, for clients that are called from threads that block.

When it ends, it ends what its clients left: tasks, and connections that nobody closes any more
because the call that opened them was given up.
"""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar
from weakref import WeakSet

_END_SECONDS = 5.0

T = TypeVar("T")


class ThreadLoop:
    """Begins to run when it is made."""

    def __init__(self, name: str) -> None:
        self._loop = _Loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Begin a coroutine, called from another thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def end(self) -> None:
        """Let what is left end, within a limit, and close the loop."""
        self.submit(_finish(self._loop.connections)).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class _Loop(asyncio.SelectorEventLoop):
    """Knows the connections that were opened in it."""

    def __init__(self) -> None:
        super().__init__()
        self.connections: WeakSet[asyncio.BaseTransport] = WeakSet()

    async def create_connection(self, *args: Any, **kwargs: Any) -> Any:
        opened = await super().create_connection(*args, **kwargs)
        self.connections.add(opened[0])
        return opened


async def _finish(connections: WeakSet[asyncio.BaseTransport]) -> None:
    """Let clients that are being stopped and calls that were cancelled end, then cut the rest."""
    mine = asyncio.current_task()
    rest = [task for task in asyncio.all_tasks() if task is not mine]
    if rest:
        _, pending = await asyncio.wait(rest, timeout=_END_SECONDS)
        for task in pending:
            task.cancel()
        if pending:
            await asyncio.wait(pending, timeout=_END_SECONDS)
    for connection in list(connections):
        if isinstance(connection, asyncio.WriteTransport):
            connection.abort()
    await asyncio.sleep(0)  # what ends a connection is done in the loop's next round
