"""A link to the warehouse that can be made to fail: between its clients and its endpoint.

While nothing is wrong it hands bytes on. Only on loopback.
"""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

Mode = Literal["sound", "refuse", "hang", "error", "full", "cut"]
MODES: tuple[Mode, ...] = ("refuse", "hang", "error", "full", "cut")

_FULL = (243, "Cannot reserve 1.00 MiB, not enough space. (NOT_ENOUGH_SPACE)")
_AWAY = (210, "Connection reset by peer. (NETWORK_ERROR)")


class FaultyLink:
    """Listens on a port of its own and leads to `target`; `mode` says how it behaves.

    `refuse` closes every connection at once, `hang` takes requests and never answers, `error` and
    `full` answer as a server in trouble and one with a full disk do, `cut` breaks answers off.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self._mode: Mode = "sound"
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._begin(self._accept)

    def set(self, mode: Mode) -> None:
        """Behave so from now on; connections that are open are cut."""
        self._mode = mode
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._server.close()
        self.set("refuse")

    def _begin(self, work: Callable[[], None]) -> None:
        threading.Thread(target=work, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._server.accept()
                self._begin(lambda client=client: self._serve(client))  # type: ignore[misc]

    def _serve(self, client: socket.socket) -> None:
        with client:
            self._track(client)
            try:
                mode = self._mode
                if mode == "refuse":
                    return
                if mode in ("sound", "cut"):
                    self._pass_on(client, cut=mode == "cut")
                else:
                    self._answer(client, mode)
            except OSError:
                return
            finally:
                self._forget(client)

    def _track(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.add(connection)

    def _forget(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.discard(connection)

    def _pass_on(self, client: socket.socket, *, cut: bool) -> None:
        with socket.create_connection(("127.0.0.1", self.target)) as server:
            self._track(server)
            try:
                self._begin(lambda: _pump(client, server))
                if cut:
                    client.sendall(server.recv(64))
                else:
                    _pump(server, client)
            finally:
                self._forget(server)

    def _answer(self, client: socket.socket, mode: Mode) -> None:
        if mode == "hang":
            while client.recv(65_536):
                pass
            return
        code, text = _FULL if mode == "full" else _AWAY
        client.settimeout(0.5)
        with suppress(TimeoutError):
            while client.recv(65_536):
                pass
        body = f"Code: {code}. DB::Exception: {text}".encode()
        head = (
            f"HTTP/1.1 500 Internal Server Error\r\nX-ClickHouse-Exception-Code: {code}\r\n"
            f"Content-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        client.sendall(head.encode() + body)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(65_536):
            sink.sendall(chunk)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
