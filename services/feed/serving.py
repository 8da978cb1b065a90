"""A server that ends open feeds when it stops, instead of waiting for them without end."""

import asyncio
import socket

import uvicorn

from services.feed.hub import FeedHub

GRACE_SECONDS = 5.0


class FeedServer(uvicorn.Server):
    """uvicorn, for an app with a feed in it.

    When it is told to stop it closes the feed first, where there is one, so that those who read it
    are told. What is still open after `grace_seconds` is cut: a client that does not read cannot
    be told anything.
    """

    def __init__(
        self, config: uvicorn.Config, hub: FeedHub | None, grace_seconds: float = GRACE_SECONDS
    ) -> None:
        super().__init__(config)
        self._hub = hub
        self._grace_seconds = grace_seconds

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop serving; see `uvicorn.Server.shutdown`."""
        if self._hub is not None:
            self._hub.close()
        stopping = asyncio.create_task(super().shutdown(sockets))
        done, _ = await asyncio.wait({stopping}, timeout=self._grace_seconds)
        if not done:
            for connection in list(self.server_state.connections):
                if connection.transport is not None:
                    connection.transport.abort()
        await stopping
