"""Which letters are meant by a text, and what they have in common."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from events.parsing import Rejection, parse_event
from infra.tape.dead_letters import Notice, Place
from services.dead_letters.choosing import (
    BadChoice,
    Overview,
    because_of,
    kind_of,
    overview,
    place_of,
    since,
)

T0 = datetime(2026, 3, 1, tzinfo=UTC)


def notice(partition: int, offset: int, reason: str = "why", hours: int = 0) -> Notice:
    return Notice(Place(partition, offset), T0 + timedelta(hours=hours), "key", reason, 10)


@pytest.mark.parametrize("text", ["", "1", "1:", ":1", "-1:0", "0:1x", "0:1,1:2", "1e3:0"])
def test_text_that_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(BadChoice, match="PARTITION:OFFSET"):
        place_of(text)


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("0:1", [(0, 2), (1, 0)]),
        ("0:2,1:0", []),
        (" 1:0 ", [(0, 1), (0, 2)]),
        ("2026-03-01", [(0, 1), (0, 2), (1, 0)]),
        ("2026-03-01T01:00", [(0, 2), (1, 0)]),
        ("2026-03-01T03:30:00+02:00", [(1, 0)]),
        ("2026-03-02", []),
    ],
)
def test_since_takes_a_position_or_a_time(text: str, chosen: list[tuple[int, int]]) -> None:
    notices = [notice(0, 1), notice(0, 2, hours=1), notice(1, 0, hours=2)]
    assert [one.place for one in notices if since(text)(one)] == chosen


@pytest.mark.parametrize("text", ["yesterday", "", "0:1,soon", "2026-13-01"])
def test_since_refuses_what_is_neither(text: str) -> None:
    with pytest.raises(BadChoice):
        since(text)


def test_a_reason_is_found_by_any_part_of_it() -> None:
    assert because_of("AMOUNT")(notice(0, 0, "data.amount: is missing"))
    assert not because_of("account")(notice(0, 0, "data.amount: is missing"))


def test_reasons_that_differ_only_in_where_the_fault_is_are_of_one_kind() -> None:
    reasons = []
    for raw in (b"no", b"\n\n  no"):
        found = parse_event(raw)
        assert isinstance(found, Rejection)
        reasons.append(found.reason)
    assert len(set(reasons)) == 2
    assert len(set(map(kind_of, reasons))) == 1


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ('id: expected a name; found "a; found b"; time: is missing', "id: expected a name; time"),
        ("id: expected a name; found 3; time: is missing", "id: expected a name; time"),
        ('id: expected a name; found "\\"" and more', "id: expected a name"),
        ("the event has 300,000 bytes; at most 1 are allowed", "the event has too many bytes"),
        ("not readable as JSON: expected ident at line 1 column 2", "not readable as JSON: expec"),
    ],
)
def test_a_kind_of_reason_leaves_out_what_was_found_and_where(reason: str, kind: str) -> None:
    assert kind_of(reason).startswith(kind)
    assert "found" not in kind_of(reason)
    assert "column" not in kind_of(reason)


def test_an_overview_counts_kinds_and_keeps_only_the_latest() -> None:
    def seen(notices: Sequence[Notice]) -> Overview:
        return overview(iter(notices), limit=2)

    found = seen(
        [notice(0, n, f"x: y; found {n}", hours=n % 7) for n in range(20)] + [notice(1, 0)]
    )
    assert (found.count, [(kind.reason, kind.count) for kind in found.kinds]) == (
        21,
        [("x: y", 20), ("why", 1)],
    )
    assert found.kinds[0].samples == [(0, 0), (0, 1), (0, 2)]
    assert found.kinds[0].last == T0 + timedelta(hours=6)
    assert [one.place for one in found.latest] == [(0, 13), (0, 6)]
    assert seen([]) == Overview(0, [], [])
    assert overview([notice(0, 0)], limit=0).latest == []
