"""What Faust is given and told here beside its own ways: a channel, a process, brokers."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import faust
from mode.utils.futures import maybe_cancel
from mode.utils.queues import FlowControlEvent, ThrowableQueue

from infra.settings import KafkaSettings
from infra.tape.kafka_client import options

STOP_SECONDS = 10.0
"""How long Faust may take to stop: its clients may wait for a broker that is away."""


class SteadyChannel(faust.Channel[Any]):
    """A channel that Faust's own rebalances neither hold up nor empty: what it carries is not
    of the partitions that Faust knows of."""

    @property
    def queue(self) -> ThrowableQueue[Any]:
        if self._queue is None:
            flowing = FlowControlEvent(initially_suspended=False)
            self._queue = ThrowableQueue(maxsize=self.maxsize, flow_control=flowing)
        return self._queue


class Process(faust.Worker):
    """Faust's worker, which ends in order and within limits."""

    def __init__(
        self, app: faust.App, end: Callable[[], Awaitable[None]], loop: asyncio.AbstractEventLoop
    ) -> None:
        super().__init__(app, loop=loop, quiet=True, redirect_stdouts=False, override_logging=False)
        self.spinner = None
        self._end = end
        self._hangs = False

    def live(self) -> bool:
        """Run until a signal; return whether everything stopped. Raises what it crashed with."""
        self._starting_fut = asyncio.ensure_future(self.start(), loop=self.loop)
        try:
            self.loop.run_until_complete(self._starting_fut)
        except asyncio.CancelledError:
            pass  # so it ends after a signal
        finally:
            if not self._hangs:
                self.stop_and_shutdown()
        return not self._hangs

    async def _stop_on_signal(self, _number: signal.Signals) -> None:
        await self._end()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self.stop()
        except TimeoutError:
            self._hangs = True
        maybe_cancel(self._starting_fut)


def broker_options(servers: Sequence[str], settings: KafkaSettings) -> dict[str, Any]:
    """Return how a Faust app reaches the brokers: as every client of the tape does."""
    given = options(servers, settings)
    found: dict[str, Any] = {"broker": [f"kafka://{server}" for server in servers]}
    context = given.get("ssl_context")
    if "sasl_mechanism" in given:
        found["broker_credentials"] = faust.SASLCredentials(
            username=given["sasl_plain_username"],
            password=given["sasl_plain_password"],
            mechanism=given["sasl_mechanism"],
            ssl_context=context,
        )
    elif context is not None:
        found["broker_credentials"] = faust.SSLCredentials(context)
    return found
