"""What becomes of letters that are judged again, and how the warehouse is asked for them."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import events
from infra.sink import Outcome
from infra.tape.dead_letters import REFUSED_BY_WAREHOUSE, Letter, Notice, Place
from services.cli.letter_output import plain
from services.dead_letters import warehouse
from services.dead_letters.replaying import LOT, replay
from services.dead_letters.warehouse import WarehouseLetters

T0 = datetime(2026, 3, 1, tzinfo=UTC)
EXAMPLES = Path(events.__file__).parent / "examples"
GOOD = (EXAMPLES / "sales.deal.won.v1.json").read_bytes()


def letter(offset: int, value: bytes, reason: str = "why") -> Letter:
    return Letter(Notice(Place(0, offset), T0, "key", reason, len(value)), value)


class Counting:
    """A sink that takes everything, and counts how often it was asked."""

    def __init__(self) -> None:
        self.taken: list[Sequence[bytes]] = []

    def accept(self, raws: Sequence[bytes]) -> list[Outcome]:
        self.taken.append(raws)
        return [Outcome("appended") for _ in raws]


def test_good_letters_are_handed_in_and_bad_ones_say_why() -> None:
    sink = Counting()
    found = list(replay([letter(0, b"no"), letter(1, GOOD), letter(2, b"")], sink))
    assert [one.became for one in found] == ["bad", "appended", "bad"]
    assert [one.is_told for one in found] == [False, True, False]
    assert "not readable as JSON" in (found[0].reason or "")
    assert sink.taken == [[GOOD]]


def test_a_rehearsal_hands_nothing_in() -> None:
    assert [one.became for one in replay([letter(0, GOOD), letter(1, b"no")], None)] == [
        "good",
        "bad",
    ]


def test_what_the_warehouse_refused_is_tried_only_when_it_is_named() -> None:
    refused = letter(0, GOOD, f"{REFUSED_BY_WAREHOUSE}: too many digits")
    sink = Counting()
    (kept,) = replay([refused], sink)
    assert (kept.became, sink.taken) == ("bad", [])
    assert "name the letter" in (kept.reason or "")
    (tried,) = replay([refused], sink, named=True)
    assert tried.became == "appended"


def test_many_letters_are_handed_in_lot_by_lot() -> None:
    sink = Counting()
    found = list(replay((letter(n, GOOD) for n in range(2 * LOT + 1)), sink))
    assert len(found) == 2 * LOT + 1
    assert [len(raws) for raws in sink.taken] == [LOT, LOT, 1]


class Rows:
    """Answers what `WarehouseLetters` asks, over letters in memory."""

    def __init__(self, letters: Sequence[Letter]) -> None:
        self.letters = letters
        self.asked: list[str] = []

    def __call__(self, sql: str) -> list[Mapping[str, Any]]:
        self.asked.append(sql)
        if "value" in sql:
            wanted = sql.partition(" IN ")[2]
            return [
                {"partition": 0, "offset": one.notice.place.offset, "value": b64encode(one.value)}
                for one in reversed(self.letters)
                if f"(0, {one.notice.place.offset})" in wanted
            ]
        after = int(sql.partition("toInt64(offset) > ")[2].partition(")")[0])
        rest = [one.notice for one in self.letters if one.notice.place.offset > after]
        return [
            {
                "partition": 0,
                "offset": one.place.offset,
                "recorded_at": "2026-03-01T00:00:00.000000Z",
                "key": one.key,
                "reason": one.reason,
                "size": one.size,
            }
            for one in rest[: warehouse.PAGE]
        ]


def test_the_warehouse_is_asked_page_by_page_and_for_few_bytes_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(warehouse, "PAGE", 4)
    monkeypatch.setattr(warehouse, "LOT_BYTES", 1_000)
    kept = [letter(n, b"x" * size) for n, size in enumerate([900, 50, 50, 1, 5_000, 1, 0, 0])]
    rows = Rows(kept)
    source = WarehouseLetters(rows)
    notices = list(source.notices())
    assert notices == [one.notice for one in kept]
    assert len(rows.asked) == 3
    rows.asked.clear()
    assert list(source.letters(notices)) == kept
    assert len(rows.asked) == 4


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain Ünïcødé 漢字 😀", "plain Ünïcødé 漢字 😀"),
        ("\x1b[31m\x07\x00", "\\x1b[31m\\x07\\x00"),
        ("\x9b31m", "\\x9b31m"),
        ("right\u202eto left\u2066", "right\\u202eto left\\u2066"),
        ("a\r\nb", "a\\r\\nb"),
        ("\ud800", "\\ud800"),
    ],
)
def test_nothing_that_a_terminal_obeys_is_printed(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_line_breaks_stay_where_lines_are_shown() -> None:
    assert plain("a\r\nb", lines=True) == "a\\r\nb"
