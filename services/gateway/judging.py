"""Judges what was handed in against what is recorded: new, a duplicate, a conflict or rejected.

One `Round` is what one append of the tape takes: candidates of several calls, in order, each
judged as if those before it were on the tape already.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

import orjson

from events.parsing import Rejection, parse_event
from infra.sink import OutcomeStatus
from infra.tape.contract import MAX_RECORD_BYTES, Entry, TapeRefused
from services.gateway.amendments import as_given, complete
from services.gateway.candidates import Candidate, Draft, Judged, Pair, Prepared
from services.gateway.ledger import Known, Position
from services.gateway.names import event_name
from services.gateway.recorded import Answers, Recorded, known_of

Place = int | Position
"""Where a record lies or will lie: its place among the entries of the round, or on the tape."""

Verdict = tuple[OutcomeStatus, Pair, Place]
"""What becomes of one candidate: its status, its source and id, and where it lies."""


class Round:
    """What goes on the tape in one append. `latest` is the latest time an event may have."""

    def __init__(self, recorded: Recorded, items: Iterable[Prepared], latest: datetime) -> None:
        self._recorded = recorded
        self._latest = latest
        self._answers = _ask(recorded, items)
        self._firsts: dict[bytes, tuple[bytes, int]] = {}
        self._copies: dict[bytes, int] = {}
        self._homes: dict[str, str] = {}
        self.entries: list[Entry] = []
        self.judged: list[Judged] = []

    def judge(self, items: Sequence[Prepared]) -> list[Verdict | Rejection]:
        """Judge what one call handed in; the answer has one entry per input, in order."""
        verdicts: list[Verdict | Rejection] = []
        for item in items:
            found = self._completed(item) if isinstance(item, Draft) else item
            verdicts.append(self._judge(found) if isinstance(found, Candidate) else found)
        return verdicts

    def _judge(self, item: Candidate) -> Verdict | Rejection:
        first = self._first(item.name, item.pair)
        if first is None:
            return self._append_first(item)
        if first[0] == item.digest:
            return ("duplicate", item.pair, first[1])
        place = self._copy(item)
        if place is None:
            return self._append_copy(item, first[1])
        return ("conflict", item.pair, place)

    def _append_first(self, item: Candidate) -> Verdict | Rejection:
        key, settles = item.target_home, False
        if key is None:
            key = self._home(item.deal)
            if key is None:
                key = item.home
                settles = item.deal is not None and not item.amends
        place = self._append(item, key, False, settles)
        if isinstance(place, Rejection):
            return place
        self._firsts[item.name] = (item.digest, place)
        if settles and item.deal is not None:
            self._homes[item.deal] = key
        return ("appended", item.pair, place)

    def _append_copy(self, item: Candidate, first: Place) -> Verdict | Rejection:
        # It goes where the first one lies, or the two would be read as two events.
        if isinstance(first, int):
            key = self.entries[first].key
        else:
            key = self._recorded.key(item.pair, first, self._answers)
        place = self._append(item, key, True, False)
        if isinstance(place, Rejection):
            return place
        self._copies[item.name + item.digest] = place
        return ("conflict", item.pair, place)

    def _append(
        self, item: Candidate, key: str, conflicts: bool, settles_home: bool
    ) -> int | Rejection:
        if item.partitionkey is None:
            value = b'%b,"partitionkey":%b}' % (item.content[:-1], orjson.dumps(key))
        elif item.partitionkey == key:
            value = item.content
        else:
            return Rejection(
                f"partitionkey: the gateway sets it, this event is at home in {key}; found "
                f"{item.partitionkey}; leave it out",
                field="partitionkey",
            )
        if len(value) > MAX_RECORD_BYTES:
            return Rejection(
                f"the event has {len(value):,} bytes as it is recorded; at most "
                f"{MAX_RECORD_BYTES:,} are allowed"
            )
        self.judged.append(Judged(item, key, conflicts, settles_home))
        self.entries.append(Entry(key, value))
        return len(self.entries) - 1

    def _completed(self, draft: Draft) -> Candidate | Rejection:
        if draft.pair is not None:
            # A repeat stays a repeat, even where its target has become known meanwhile.
            first = self._first(event_name(*draft.pair), draft.pair)
            given = None if first is None else as_given(draft, self._latest)
            if first is not None and isinstance(given, Candidate):
                told_before = given.digest == first[0] or self._copy(given) is not None
                if told_before:
                    return given
        target = None if draft.target is None else self._target(draft.target)
        return complete(draft, target, self._latest)

    def _target(self, pair: Pair) -> Known | None:
        name = event_name(*pair)
        found = self._firsts.get(name)
        if found is None:
            return self._recorded.target(name, pair, self._answers)
        digest, place = found
        event = parse_event(self.judged[place].candidate.content)
        if isinstance(event, Rejection):
            raise TapeRefused(f"an event that was just judged is none any more: {event.reason}")
        return known_of(event, digest, self.entries[place].key, (0, 0))

    def _first(self, name: bytes, pair: Pair) -> tuple[bytes, Place] | None:
        return self._firsts.get(name) or self._recorded.first(name, pair, self._answers)

    def _copy(self, item: Candidate) -> Place | None:
        place = self._copies.get(item.name + item.digest)
        return self._recorded.copy(item, self._answers) if place is None else place

    def _home(self, deal: str | None) -> str | None:
        if deal is None:
            return None
        return self._homes.get(deal) or self._recorded.home(deal, self._answers)


def _ask(recorded: Recorded, items: Iterable[Prepared]) -> Answers:
    candidates: list[Candidate] = []
    targets: list[Pair] = []
    deals: list[str] = []
    for item in items:
        if isinstance(item, Candidate):
            candidates.append(item)
        elif isinstance(item, Draft):
            targets += [pair for pair in (item.pair, item.target) if pair is not None]
            deal = item.json.get("deal")
            if isinstance(deal, str):
                deals.append(deal)
    return recorded.ask(candidates, targets, deals)
