"""HTTP to servers on this machine, for tests: one client for all of them, ports to serve on, and
answers where there is no server.

A client of one's own reads the system's certificates first, which costs more than most requests.
"""

import fcntl
import random
import socket
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import httpx

HTTP = httpx.Client(
    verify=False,
    trust_env=False,
    timeout=60,
    limits=httpx.Limits(max_keepalive_connections=0),  # servers come and go
)

_PORTS = range(20_000, 32_000)
"""Below those that the system gives away, to servers that ask for any and to connections."""
_GIVEN: list[IO[bytes]] = []
"""A locked file for each port that this process was given; the kernel lets go of them with it."""


def free_port() -> int:
    """Return a port that nobody has, and that no other test is given while this process lives."""
    folder = Path(tempfile.gettempdir(), "salestape-test-ports")
    folder.mkdir(exist_ok=True)
    while True:
        port = random.SystemRandom().choice(_PORTS)
        given = (folder / str(port)).open("wb")
        try:
            fcntl.flock(given, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            given.close()
            continue
        _GIVEN.append(given)
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
