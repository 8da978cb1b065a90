"""One Apache Kafka broker on this machine, for tests, benchmarks and playing; not for production.

Runs the project's own script (`infra/deploy/kafka/broker.sh`), so it needs a checkout of the
source, Java and Maven. `make kafka` starts one until it is interrupted.
"""

import argparse
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Self

from infra import clock
from infra.closing import Closing

SCRIPTS = Path(__file__).parent / "deploy" / "kafka"

_POLL_SECONDS = 0.05
_API_VERSIONS = struct.pack(">ihhih", 10, 18, 0, 1, -1)
"""A request that every broker answers, once it serves: which requests it knows."""


class BrokerError(Exception):
    """The broker does not do what it was told; the message says what it printed."""


class KafkaBroker(Closing):
    """A broker that keeps its data in `folder`, on `port` of loopback (0 takes a free one).

    `folder`/extra.properties, if it is there, is added to the broker's settings.
    The address stays the same through kills and restarts. `start` may take minutes the first time,
    while the jars are fetched; `seconds` bounds it.
    """

    def __init__(self, folder: Path, port: int = 0, seconds: float = 300.0) -> None:
        self.folder = folder
        self.port, self.controller_port = free_ports(port)
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where clients find it, as host:port."""
        return f"127.0.0.1:{self.port}"

    @property
    def is_running(self) -> bool:
        """Tell whether its process is there; it may not serve yet."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it and wait until it serves. Raises `BrokerError`."""
        if self.is_running:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        script = SCRIPTS / "broker.sh"
        if not script.exists():
            raise BrokerError(f"{script} is not here; it comes with Salestape's source")
        ports = (str(self.port), str(self.controller_port))
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the project's own script
                [str(script), str(self.folder.absolute()), *ports],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # an interrupt from the keyboard is for who started it
            )
        deadline = clock.monotonic() + self._seconds
        while not self._serves():
            if self._process.poll() is not None:
                raise BrokerError(f"the broker ended at once; it printed:\n{self._printed()}")
            if clock.monotonic() > deadline:
                self.kill()
                raise BrokerError(
                    f"the broker did not serve within {self._seconds:g} s; it printed:\n"
                    f"{self._printed()}"
                )
            threading.Event().wait(_POLL_SECONDS)

    def stop(self, seconds: float = 20.0) -> None:
        """End it in order; kill it when that takes longer than `seconds`."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """End it as a crash does (SIGKILL). What it had acknowledged is there after `start`."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)  # with what the script still runs
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Stop it where it stands, connections and all (SIGSTOP)."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on after `pause`."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        self.start()
        return self

    def close(self) -> None:
        """End it in order, also where it was paused."""
        self.go_on()
        self.stop()

    @property
    def _log(self) -> Path:
        return self.folder / "broker.log"

    def _printed(self) -> str:
        return self._log.read_text(errors="replace")[-4000:].strip() or "(nothing)"

    def _serves(self) -> bool:
        """Tell whether it answers: the port is open some time before that."""
        with (
            suppress(OSError),
            socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection,
        ):
            connection.sendall(_API_VERSIONS)
            return bool(connection.recv(4))
        return False


def free_ports(port: int = 0) -> tuple[int, int]:
    """Return `port`, or a free one of loopback if it is 0, and another free one."""
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return port or first.getsockname()[1], second.getsockname()[1]


def main() -> int:
    """Run a broker until SIGINT or SIGTERM; print its address when it serves."""
    parser = argparse.ArgumentParser(description="Run one Apache Kafka broker, for playing.")
    parser.add_argument("--port", type=int, default=9092, help="0 takes a free one; default: 9092")
    parser.add_argument("--folder", type=Path, help="keeps its data; default: a temporary one")
    given = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with tempfile.TemporaryDirectory(prefix="salestape-kafka-") as temporary:
        broker = KafkaBroker(given.folder or Path(temporary), given.port)
        sys.stderr.write("Starting Apache Kafka; the first time its jars are fetched.\n")
        try:
            with broker:
                sys.stdout.write(
                    f"Apache Kafka serves at {broker.address}; Ctrl-C ends it.\n"
                    f"export SALESTAPE_TAPE=kafka://{broker.address}\n"
                )
                sys.stdout.flush()
                while not ended.wait(1.0):
                    if not broker.is_running:
                        raise BrokerError(f"the broker ended; it printed:\n{broker._printed()}")
        except BrokerError as error:
            sys.stderr.write(f"{error}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
