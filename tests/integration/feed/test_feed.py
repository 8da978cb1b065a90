"""What a reader of the feed is sent: which events, in which form, from where on."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from feed_doubles import PartitionedTape, TapeAside, entry, reading
from loopback import HTTP
from waiting import wait_until

from infra.tape.contract import Entry, Tape, TapeRefused, TapeUnavailable
from services.feed.chunks import Chunks
from services.feed.hub import FeedHub

Serve = Callable[..., Any]


def test_an_event_is_sent_with_its_position_its_type_and_when_it_was_recorded(
    tape: Tape, address: str
) -> None:
    tape.append([entry("e1", partitionkey="Acme")])
    with reading(address, since="start") as feed:
        assert feed.answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert feed.answer.headers["cache-control"] == "no-store"
        (sent,) = feed.take(1)
    assert (sent.id, sent.event) == ("0:0", "sales.deal.won.v1")
    assert sent.data == {
        "specversion": "1.0",
        "id": "e1",
        "source": "/crm",
        "type": "sales.deal.won.v1",
        "time": "2024-02-01T10:00:00Z",
        "sequence": 0,
        "account": "Acme",
        "deal": "D-1",
        "actor": "Ada",
        "partitionkey": "Acme",
        "data": {"amount": "100.00", "currency": "EUR"},
        "recordedtime": "2024-03-01T12:00:00Z",
    }


def test_a_reader_is_sent_what_is_recorded_from_now_on(tape: Tape, address: str) -> None:
    tape.append([entry("before")])
    with reading(address) as feed:
        tape.append([entry("e1"), entry("e2")])
        assert [sent.name for sent in feed.take(2)] == ["e1", "e2"]
        tape.append([entry("e3")])
        assert [sent.id for sent in feed.take(1)] == ["0:3"]


def test_a_reader_from_the_start_is_sent_everything_and_then_what_follows(
    tape: Tape, address: str
) -> None:
    tape.append([entry(f"e{n}") for n in range(1_000)])
    with reading(address, since="start") as feed:
        assert [sent.name for sent in feed.take(1_000)] == [f"e{n}" for n in range(1_000)]
        tape.append([entry("live")])
        assert [sent.name for sent in feed.take(1)] == ["live"]


def test_a_feed_can_be_taken_up_after_any_event(tape: Tape, address: str) -> None:
    tape.append([entry(f"e{n}") for n in range(300)])
    with reading(address, since="0:126") as feed:
        assert [sent.name for sent in feed.take(3)] == ["e127", "e128", "e129"]
    with reading(address, since="now", last_event_id="0:297") as feed:
        assert [sent.name for sent in feed.take(2)] == ["e298", "e299"]


def test_a_reader_who_was_sent_nothing_yet_comes_back_to_where_it_was(
    tape: Tape, address: str
) -> None:
    with reading(address) as feed:
        began_empty = feed.last_id
    tape.append([entry("e1")])
    with reading(address, last_event_id=began_empty) as feed:
        assert [sent.name for sent in feed.take(1)] == ["e1"]
    with reading(address) as feed:
        began_later = feed.last_id
    tape.append([entry("e2")])
    with reading(address, last_event_id=began_later) as feed:
        assert [sent.name for sent in feed.take(1)] == ["e2"]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({"type": "sales.deal.won.v1"}, ["w1", "w2", "w3"]),
        ({"type": "sales.deal"}, ["o1", "w1", "w2", "w3"]),
        ({"type": ["sales.call", "sales.deal.opened"]}, ["o1", "c1"]),
        ({"account": "Acme"}, ["o1", "w1", "c1"]),
        ({"account": ["Other", "Third"]}, ["w2", "w3"]),
        ({"deal": "D-2"}, ["w2"]),
        ({"actor": "Bob", "type": "sales.deal"}, ["w2"]),
        ({"team": "north"}, ["o1", "w1", "w3"]),
        ({"team": ["north", "south"], "account": "Third"}, ["w3"]),
    ],
)
def test_a_reader_is_sent_what_its_filter_names(
    tape: Tape, hub: FeedHub, serve: Serve, wanted: dict[str, Any], names: list[str]
) -> None:
    tape.append(
        [
            entry("o1", "sales.deal.opened.v1", {"pipeline": "p", "stage": "s"}),
            entry("w1"),
            entry("w2", account="Other", deal="D-2", actor="Bob"),
            entry("c1", "sales.call.made.v1", {"direction": "inbound"}, actor="Bob"),
            entry("w3", account="Third", deal="D-3", actor="Cleo"),
        ]
    )
    team_of = {"Ada": "north", "Bob": "south", "Cleo": {"north", "east"}}.get
    with (
        serve(hub, team_of=team_of, keep_alive_seconds=0.05) as address,
        reading(address, since="start", **wanted) as feed,
    ):
        assert [sent.name for sent in feed.up_to("0:4")] == names


@pytest.mark.parametrize(
    ("parameters", "headers", "said"),
    [
        ({"type": "sales.dael"}, {}, "no event type is called sales.dael"),
        ({"team": "north"}, {}, "nobody can tell here which rep is in which team"),
        ({"since": "yesterday"}, {}, "'yesterday' is no position"),
        ({"since": "0:1"}, {}, "lies beyond the end of this tape, which has 1 records"),
        ({}, {"Last-Event-ID": "0:7"}, "it is a position on another tape"),
        ({"since": "now"}, {"Last-Event-ID": "1:0"}, "it is a position on another tape"),
    ],
)
def test_a_feed_that_cannot_be_is_refused(
    tape: Tape, address: str, parameters: dict[str, str], headers: dict[str, str], said: str
) -> None:
    tape.append([entry("e1")])
    answer = HTTP.get(f"{address}/feed", params=parameters, headers=headers)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.json()["detail"]


def test_what_is_no_event_is_left_out(tape: Tape, address: str) -> None:
    bad = [Entry("k", b"{"), Entry("k", b"\xff"), Entry("k", entry("x", "sales.x.y.v1").value)]
    tape.append([*bad, entry("e1"), bad[0]])
    with reading(address, since="start") as feed:
        assert [sent.id for sent in feed.take(1)] == ["0:3"]
        tape.append([*bad, entry("e2")])
        assert [sent.id for sent in feed.take(1)] == ["0:8"]


def test_an_old_version_is_sent_as_the_current_one(tape: Tape, address: str) -> None:
    data = {
        "period_start": "2024-04-01",
        "period_end": "2024-06-30",
        "value": "185000.00 EUR",
        "category": "likely",
    }
    tape.append([entry("e1", "sales.forecast.submitted.v1", data)])
    with reading(address, since="start", type="sales.forecast.submitted") as feed:
        (sent,) = feed.take(1)
    assert sent.event == sent.data["type"] == "sales.forecast.submitted.v2"


def test_a_reader_who_is_sent_nothing_is_told_how_far_it_is(
    tape: Tape, hub: FeedHub, serve: Serve
) -> None:
    with serve(hub, keep_alive_seconds=0.05) as address:
        with reading(address, deal="D-2") as feed:
            tape.append([entry(f"e{n}") for n in range(500)])
            assert feed.up_to("0:499") == []
            assert feed.comments > 0
            told = feed.last_id
        tape.append([entry("mine", deal="D-2")])
        with reading(address, last_event_id=told, deal="D-2") as feed:
            assert [sent.name for sent in feed.take(1)] == ["mine"]


def test_readers_of_the_same_stretch_share_what_is_read(tape: Tape, serve: Serve) -> None:
    tape.append([entry(f"e{n}") for n in range(1_000)])
    aside = TapeAside(tape)
    hub = FeedHub(aside)
    with serve(hub) as address:
        for _ in range(10):
            with reading(address, since="start") as feed:
                assert len(feed.take(1_000)) == 1_000
        assert aside.reads == 8  # chunks of 128


@pytest.mark.parametrize("since", ["now", "start"])
def test_the_feed_goes_on_after_the_tape_was_away(
    tape: Tape, serve: Serve, monkeypatch: pytest.MonkeyPatch, since: str
) -> None:
    for who in ("hub", "stream"):
        monkeypatch.setattr(f"services.feed.{who}._TAPE_AWAY_SECONDS", 0.01)
    tape.append([entry("e0")])
    aside = TapeAside(tape)
    aside.error = TapeUnavailable("the tape is locked")
    with serve(FeedHub(aside)) as address, reading(address, since=since) as feed:
        tape.append([entry("e1")])
        wait_until(lambda: aside.failed > 1)
        aside.error = None
        expected = ["e1"] if since == "now" else ["e0", "e1"]
        assert [sent.name for sent in feed.take(len(expected))] == expected


def test_news_are_read_on_from_where_they_were_read_before(tape: Tape, serve: Serve) -> None:
    tape.append([entry(f"old{n}") for n in range(200)])
    aside = TapeAside(tape)
    with serve(FeedHub(aside)) as address, reading(address) as feed:
        for n in range(100):
            tape.append([entry(f"new{n}")])
            assert [sent.name for sent in feed.take(1)] == [f"new{n}"]
    news = [(start, read) for start, read in aside.stretches if start >= 200]
    assert [start for start, _ in news] == [200 + n for n in range(100)]
    assert {start for start, _ in aside.stretches} - {start for start, _ in news} == {128}


def test_a_feed_ends_when_the_tape_cannot_be_read(tape: Tape, serve: Serve) -> None:
    aside = TapeAside(tape)
    hub = FeedHub(aside)
    with serve(hub) as address, reading(address) as feed:
        aside.error = TapeRefused("the tape is damaged")
        tape.append([entry("e1")])
        assert list(feed.blocks()) == []


def test_a_tape_of_several_partitions_is_followed_in_each(serve: Serve) -> None:
    tape = PartitionedTape("abc")
    hub = FeedHub(tape)
    names = {key: [f"{key}{n}" for n in range(300)] for key in "ab"}
    tape.append([Entry(key, entry(name).value) for key in "ab" for name in names[key]])
    with serve(hub) as address:
        found: list[str] = []
        told: str | None = None
        while len(found) < 600:
            with reading(address, told, since="start") as feed:
                found += [sent.name for sent in feed.take(75)]
                told = feed.last_id
        assert [name for name in found if name[0] == "a"] == names["a"]
        assert [name for name in found if name[0] == "b"] == names["b"]
        assert told == "0:299,1:299"
        with reading(address, told) as feed:
            tape.append([Entry("c", entry("c0").value), Entry("a", entry("a300").value)])
            assert {sent.name for sent in feed.take(2)} == {"c0", "a300"}
            assert feed.last_id == "0:300,1:299,2:0"


def test_what_other_partitions_got_meanwhile_hides_nothing() -> None:
    tape = PartitionedTape("ab")
    tape.append([Entry(key, entry(f"{key}{n}").value) for key in "ab" for n in range(2_500)])
    chunks = Chunks(tape, lambda: {0: 0, 1: 3})
    found = asyncio.run(chunks.read(1, 0, 3))
    chunks.close()
    assert [f"b{n}".encode() in item.frame for n, item in enumerate(found) if item] == [True] * 3


def test_a_stretch_that_is_not_on_the_tape_is_told_of() -> None:
    tape = PartitionedTape("ab")
    tape.append([Entry("a", entry(f"a{n}").value) for n in range(2_500)])
    chunks = Chunks(tape, lambda: {0: 0, 1: 3})
    with pytest.raises(TapeRefused, match="ends before offset 0 of partition 1"):
        asyncio.run(chunks.read(1, 0, 3))
    chunks.close()
