"""Many readers, slow ones, ones that leave, and the end of it all."""

import resource
import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from feed_doubles import entry, reading
from loopback import HTTP
from serving import running
from waiting import wait_until

from infra.tape.contract import Tape
from services.feed.hub import FeedHub
from services.feed.serving import FeedServer

Serve = Callable[..., Any]
MIB = 1024 * 1024


def open_without_reading(address: str, path: str = "/feed?since=start") -> socket.socket:
    """Ask for a feed and never read what comes."""
    host, port = urlsplit(address).netloc.split(":")
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    connection.connect((host, int(port)))
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: salestape\r\n\r\n".encode())
    return connection


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def test_readers_who_do_not_read_harm_neither_the_others_nor_the_writer(
    tape: Tape, server_for: Callable[..., FeedServer]
) -> None:
    note = "n" * 4_000
    hub = FeedHub(tape, cache_bytes=8 * MIB)
    server = server_for(hub, grace_seconds=0.1)
    with ExitStack() as stack:
        address = stack.enter_context(running(server))
        for _ in range(200):
            stack.enter_context(open_without_reading(address))
        wait_until(lambda: hub.readers == 200)
        fast = stack.enter_context(reading(address))
        before = resident_bytes()
        found = []
        for lot in range(25):  # 24 MB in all, which for each reader would be 4.8 GB
            tape.append(
                [
                    entry(
                        f"e{lot}-{n}", "sales.call.made.v1", {"direction": "inbound", "note": note}
                    )
                    for n in range(240)
                ]
            )
            found += [sent.name for sent in fast.take(240)]
        assert found == [f"e{lot}-{n}" for lot in range(25) for n in range(240)]
        wait_until(lambda: blocked(server) == 200)
        assert hub.readers == 201
        assert hub.kept_bytes <= 8 * MIB
        assert resident_bytes() - before < 200 * MIB


def test_a_reader_that_leaves_is_forgotten_without_waiting_for_an_event(
    tape: Tape, hub: FeedHub, address: str
) -> None:
    with reading(address):
        wait_until(lambda: hub.readers == 1)
    wait_until(lambda: hub.readers == 0)


def test_a_reader_that_leaves_without_having_read_is_forgotten(
    tape: Tape, hub: FeedHub, server_for: Callable[..., FeedServer]
) -> None:
    server = server_for(hub)
    tape.append(
        [
            entry(f"e{n}", "sales.call.made.v1", {"direction": "inbound", "note": "n" * 9_000})
            for n in range(2_000)
        ]
    )
    with running(server) as address:
        with open_without_reading(address):
            wait_until(lambda: blocked(server) == 1)
        wait_until(lambda: hub.readers == 0)


def test_when_the_server_stops_the_feed_ends_for_those_who_read(
    tape: Tape, hub: FeedHub, serve: Serve
) -> None:
    with ExitStack() as feeds:
        with serve(hub) as address:
            opened = [feeds.enter_context(reading(address)) for _ in range(5)]
        assert [list(feed.blocks()) for feed in opened] == [[]] * 5
    assert hub.closed
    assert hub.readers == 0


def blocked(server: FeedServer) -> int:
    """Return to how many clients nothing can be sent, because they do not read."""
    return sum(connection.flow.write_paused for connection in server.server_state.connections)


def test_the_server_stops_though_somebody_does_not_read(
    tape: Tape, server_for: Callable[..., FeedServer]
) -> None:
    hub = FeedHub(tape)
    server = server_for(hub, grace_seconds=1.5)
    tape.append(
        [
            entry(f"e{n}", "sales.call.made.v1", {"direction": "inbound", "note": "n" * 9_000})
            for n in range(2_000)
        ]
    )
    with ExitStack() as feeds:
        with running(server) as address:
            for _ in range(5):
                feeds.enter_context(open_without_reading(address))
            wait_until(lambda: blocked(server) == 5)
        assert hub.readers == 0  # though their clients have not left yet


def test_no_more_readers_are_served_than_there_may_be(tape: Tape, serve: Serve) -> None:
    hub = FeedHub(tape, max_readers=1)
    with serve(hub) as address:
        with reading(address):
            answer = HTTP.get(f"{address}/feed")
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
            assert "1 read the feed already" in answer.json()["detail"]
        wait_until(lambda: hub.readers == 0)
        with reading(address):
            pass


def test_a_feed_that_has_ended_is_not_served(tape: Tape, hub: FeedHub, address: str) -> None:
    with reading(address) as feed:
        hub.close()
        hub.close()
        assert list(feed.blocks()) == []
    answer = HTTP.get(f"{address}/feed")
    assert answer.status_code == 503
    assert "the feed has ended" in answer.json()["detail"]


@pytest.mark.parametrize("closed_first", ["tape", "hub"])
def test_a_hub_and_its_tape_can_be_closed_in_either_order(
    tape: Tape, hub: FeedHub, serve: Serve, closed_first: str
) -> None:
    with serve(hub) as address, reading(address) as feed:
        (tape if closed_first == "tape" else hub).close()
        assert list(feed.blocks()) == []
    wait_until(lambda: hub.closed)
