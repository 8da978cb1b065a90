"""A command that works through a running platform: how long it waits for the tables."""

from collections.abc import Iterable

import httpx
import pytest
from loopback import answering

from services.cli import remote
from services.cli.failures import Unreachable
from services.cli.remote import Remote

ADDRESS = "http://platform"


def platform(answers: Iterable[httpx.Response | Exception]) -> Remote:
    client = httpx.Client(base_url=ADDRESS, transport=answering(answers))
    return Remote(ADDRESS, client, None)


def followed(position: int, end: int, **failing: str) -> httpx.Response:
    table = {"table": "deals", "position": {"0": position}, "trouble": None}
    state = {"tape": {"ends": {"0": end}}, "tables": [table], "trouble": {}, "failing": failing}
    return httpx.Response(200, json=state)


def test_it_waits_until_the_tables_are_where_the_tape_ended_at_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(remote, "RECONNECT_SECONDS", 0)
    told: list[tuple[int, int]] = []
    answers = [
        httpx.ConnectError("refused"),
        followed(0, 3, projector="there are no tables yet"),
        followed(1, 3),
        httpx.Response(503, json={"detail": "the tape cannot be asked"}),
        followed(2, 7),
        followed(3, 9),
    ]
    with platform(answers) as there:
        there.wait_until_derived(lambda done, total: told.append((done, total)))
    assert told == [(0, 3), (1, 3), (2, 3)]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (httpx.ConnectError("refused"), "does not answer: refused"),
        (httpx.Response(503, json={"detail": "the tape cannot be asked"}), "cannot be asked"),
        (followed(1, 3), "has derived nothing for 0 seconds: it does not say why"),
        (followed(1, 3, projector="start a projector"), "start a projector"),
    ],
)
def test_it_gives_up_where_nothing_moves(
    monkeypatch: pytest.MonkeyPatch, answer: httpx.Response | Exception, reason: str
) -> None:
    monkeypatch.setattr(remote, "STUCK_SECONDS", 0)
    monkeypatch.setattr(remote, "AWAY_SECONDS", 0)
    with platform([answer] * 2) as there, pytest.raises(Unreachable, match=reason):
        there.wait_until_derived()
