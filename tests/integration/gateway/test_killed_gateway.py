"""kill -9 at any moment under load: what was acknowledged is on the tape, and on it once."""

import os
import random
import threading
from collections import Counter
from contextlib import closing
from pathlib import Path
from subprocess import DEVNULL

import httpx
from forking import Forked
from gateway_doubles import event, records_of
from loopback import HTTP, free_port
from waiting import wait_until

from events.parsing import parse_event
from infra.http_sink import HttpSink
from infra.tape.opening import open_tape

KILLS = 2
CLIENTS = 3


def is_answering(address: str) -> bool:
    try:
        return HTTP.get(f"{address}/rejects").status_code == 200
    except httpx.TransportError:
        return False


def on_tape(url: str) -> Counter[str]:
    with closing(open_tape(url)) as tape:
        return Counter(parse_event(record.value).id for record in records_of(tape))


def test_what_was_acknowledged_is_on_the_tape_once_after_every_kill(tmp_path: Path) -> None:
    url, port = f"sqlite://{tmp_path}/tape.sqlite", free_port()
    address = f"http://127.0.0.1:{port}"
    program = (Path(__file__).parent / "killed_gateway.py").read_text()
    chance = random.Random(5)
    acknowledged: list[list[str]] = [[] for _ in range(CLIENTS)]
    enough = threading.Event()

    def hand_in(client: int) -> None:
        with HttpSink(address, attempts=10_000, pause=lambda seconds: enough.wait(0.2)) as sink:
            lot = 0
            while not enough.is_set():
                names = [f"{client}-{lot}-{n}" for n in range(20)]
                for outcome in sink.accept([event(name) for name in names]):
                    assert outcome.status in ("appended", "duplicate")
                    acknowledged[client].append(outcome.id or "")
                lot += 1

    clients = [threading.Thread(target=hand_in, args=(client,)) for client in range(CLIENTS)]
    gateway = None
    try:
        for kill in range(KILLS):
            gateway = Forked(program, [url, str(port)], os.environ, stdout=DEVNULL, stderr=DEVNULL)
            wait_until(lambda: is_answering(address))
            assert gateway.poll() is None, "somebody else answers there"
            if kill == 0:
                for client in clients:
                    client.start()
            goal = sum(map(len, acknowledged)) + chance.randint(60, 600)
            wait_until(lambda goal=goal: sum(map(len, acknowledged)) >= goal)
            told = [name for names in acknowledged for name in list(names)]
            gateway.kill()
            gateway.wait(30)
            assert set(told) <= on_tape(url).keys(), f"lost by kill {kill + 1}"
        gateway = Forked(program, [url, str(port)], os.environ, stdout=DEVNULL, stderr=DEVNULL)
        enough.set()
        for client in clients:
            client.join(60)
            assert not client.is_alive()
    finally:
        enough.set()
        if gateway is not None:
            gateway.kill()
            gateway.wait(30)

    found = on_tape(url)
    told = [name for names in acknowledged for name in names]
    assert len(told) >= KILLS * 60
    assert set(found.values()) == {1}
    assert set(told) <= found.keys()
