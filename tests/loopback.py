"""HTTP to servers on this machine, for tests: one client for all of them, ports to serve on, and
answers where there is no server.

A client of one's own reads the system's certificates first, which costs more than most requests.
"""

import random
import socket
from collections.abc import Iterable

import httpx

HTTP = httpx.Client(
    verify=False,
    trust_env=False,
    timeout=60,
    limits=httpx.Limits(max_keepalive_connections=0),  # servers come and go
)

_PORTS = range(20_000, 32_000)
"""Below those that the system gives away, to servers that ask for any and to connections."""


def free_port() -> int:
    """Return a port that nobody has, and that nobody is given before a server takes it."""
    while True:
        port = random.SystemRandom().choice(_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def answering(answers: Iterable[httpx.Response | Exception]) -> httpx.MockTransport:
    """Return the way to a server that answers so, request by request, or fails to."""
    left = iter(answers)

    def answer(_request: httpx.Request) -> httpx.Response:
        found = next(left)
        if isinstance(found, Exception):
            raise found
        return found

    return httpx.MockTransport(answer)
