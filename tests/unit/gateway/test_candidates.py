from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

import events
from events.envelope import digest_of, home_of
from events.parsing import parse_event
from services.gateway.candidates import AHEAD, Candidate, Draft, candidate_of, prepare

NOW = datetime(2030, 1, 1, tzinfo=UTC)
EXAMPLES = sorted((Path(events.__file__).parent / "examples").glob("*.json"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_candidate_is_what_its_event_is(path: Path) -> None:
    event = parse_event(path.read_bytes())
    odd = {"subject": 'a ,"data":{ \\ "quoted" name', "traceparent": f"00-{'1' * 32}-{'2' * 16}-01"}
    for one in (event, event.model_copy(update=odd)):
        made = candidate_of(one)
        assert made.digest.hex() == digest_of(one)
        assert made.pair == (one.source, one.id)
        assert (made.deal, made.home) == (one.deal, home_of(one))
        assert parse_event(made.content) == one


def test_all_examples_at_once_are_prepared_in_order() -> None:
    raws = [path.read_bytes() for path in EXAMPLES]
    prepared = prepare(raws, NOW)
    assert len(prepared) == len(raws)
    for raw, one in zip(raws, prepared, strict=True):
        assert isinstance(one, Candidate | Draft)
        told = orjson.loads(raw)
        assert one.pair == (told["source"], told["id"])
        assert isinstance(one, Draft) == told["type"].startswith("sales.event.")


def test_as_late_as_the_clock_allows_is_not_too_early() -> None:
    raw = EXAMPLES[0].read_bytes()
    time = parse_event(raw).time
    assert isinstance(prepare([raw], time - AHEAD)[0], Candidate)
