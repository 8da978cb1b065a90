"""What is recorded, in the ledger or on the tape behind it: the one place that knows both.

Follows the tape from the ledger's watermark, remembers what the ledger may not have yet, and asks
the ledger only about names that its filter cannot call new. Not thread-safe: whoever commits
holds it alone.

Others may append to the same tape. Before each append all that is on the tape is read, so that
what one gateway has acknowledged every other knows. What two of them take at the same moment they
do not know of each other: a repeat is then on the tape twice, which changes nothing; of two
contents under one name both are kept, as a conflict where they have one home and as two events
where they have not; a deal may get two homes, of which all of them take the first recorded from
then on.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from events.envelope import AnyEvent
from events.parsing import Rejection, parse_event, parse_events
from infra import clock
from infra.tape.contract import Receipt, Record, Tape, TapeRefused, TapeUnavailable
from services.gateway.candidates import Candidate, Judged, Pair, candidate_of
from services.gateway.ledger import Known, Ledger, Position
from services.gateway.names import NameFilter, deal_name, event_name, exponent_for
from services.gateway.recent import Recent

MAX_UNPROJECTED = 2_000_000
"""How many events may wait for the projector before new ones are put off."""

_READ = 2_000
_FOLLOWED_AT_ONCE = 100_000
_SKIPPED_FROM = 100_000
_KEPT = 50_000
_ASKED_EVERY_SECONDS = 1.0
_ASKED_WHEN_FULL_EVERY_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Answers:
    """What the ledger says about the names of one round."""

    known: dict[Pair, Known] = field(default_factory=dict)
    homes: dict[str, str] = field(default_factory=dict)


class Recorded:
    """What is on the tape. Calls raise `TapeUnavailable`, `TapeRefused` and `LedgerUnavailable`."""

    def __init__(
        self,
        tape: Tape,
        ledger: Ledger,
        limit: int = MAX_UNPROJECTED,
        monotonic: Callable[[], float] = clock.monotonic,
    ) -> None:
        self._tape = tape
        self._ledger = ledger
        self._limit = limit
        self._monotonic = monotonic
        self._next: dict[int, int] | None = None
        self._asked_at = monotonic()

    @property
    def waiting(self) -> int:
        """How many events are remembered because the ledger may not have them yet."""
        return 0 if self._next is None else len(self._recent)

    def follow(self) -> None:
        """Learn what is on the tape and not known yet, at most 100,000 records.

        Usually nothing: only at the start, after an append that failed, and where somebody else
        appends too. Raises `TapeUnavailable` when there is more; the next call goes on from there.
        """
        if self._next is None:
            self._begin()
        ends = self._tape.ends()
        left = _FOLLOWED_AT_ONCE
        while behind := self._behind(ends):
            if left <= 0:
                self._skip()
                raise TapeUnavailable(
                    f"the gateway is still reading the tape: {behind:,} records are left; "
                    "try again in a moment"
                )
            self.make_room(_READ)
            records = self._tape.read(self._positions(), _READ)
            self._learn(records)
            left -= len(records)

    def make_room(self, events: int) -> None:
        """See to it that so many more events can be remembered.

        Raises `TapeUnavailable` when the projector is too far behind for that.
        """
        now, waiting = self._monotonic(), len(self._recent)
        full = waiting + events > self._limit
        pause = _ASKED_WHEN_FULL_EVERY_SECONDS if full else _ASKED_EVERY_SECONDS
        if (full or waiting > _KEPT) and now - self._asked_at >= pause:
            self._asked_at = now
            self._recent.prune(self._ledger.watermark())
            waiting = len(self._recent)
        if waiting and waiting + events > self._limit:
            raise TapeUnavailable(
                f"{waiting:,} events wait for the projector, at most {self._limit:,} may; nothing "
                "was appended; try again once it has caught up"
            )
        if self._filter.named > self._filter.capacity:
            self._grow()

    def ask(
        self,
        candidates: Sequence[Candidate],
        targets: Iterable[Pair] = (),
        deals: Iterable[str] = (),
    ) -> Answers:
        """Ask the ledger what it has of these, as far as nothing else tells.

        The names of candidates count as perhaps there from then on.
        """
        recent, add = self._recent, self._filter.add
        new: list[Candidate] = []
        perhaps: list[Candidate] = []
        for one in candidates:
            if not add(one.name):
                new.append(one)
            elif recent.first(one.name) is None:
                perhaps.append(one)
        pairs = [one.pair for one in perhaps]
        pairs += [
            pair
            for pair in targets
            if self._filter.may_hold(name := event_name(*pair)) and recent.first(name) is None
        ]
        known = self._ledger.known(pairs) if pairs else {}
        new += [one for one in perhaps if one.pair not in known]
        return Answers(known, self._homes({*deals, *(one.deal for one in new if one.deal)}))

    def _homes(self, deals: Iterable[str]) -> dict[str, str]:
        strange = [
            deal
            for deal in deals
            if self._recent.home(deal) is None and self._filter.add(deal_name(deal))
        ]
        homes = self._ledger.homes(strange) if strange else {}
        self._recent.settle_homes(homes)
        return homes

    def first(self, name: bytes, pair: Pair, answers: Answers) -> tuple[bytes, Position] | None:
        """Return digest and place of the first record of a pair, or None where it is new."""
        found = self._recent.first(name)
        if found is None and answers.known:
            known = answers.known.get(pair)
            if known is not None:
                return bytes.fromhex(known.digest), (known.partition, known.offset)
        return found

    def copy(self, candidate: Candidate, answers: Answers) -> Position | None:
        """Return where just this content lies as a copy in conflict, or None."""
        found = self._recent.copy(candidate.name, candidate.digest)
        known = answers.known.get(candidate.pair)
        if found is None and known is not None:
            return known.copies.get(candidate.digest.hex())
        return found

    def home(self, deal: str | None, answers: Answers) -> str | None:
        """Return where a deal is at home, or None where it is new."""
        if deal is None:
            return None
        return self._recent.home(deal) or answers.homes.get(deal)

    def key(self, pair: Pair, position: Position, answers: Answers) -> str:
        """Return the partition key of a record."""
        known = answers.known.get(pair)
        return self._record_at(position).key if known is None else known.key

    def target(self, name: bytes, pair: Pair, answers: Answers) -> Known | None:
        """Return what the first record of a pair says, or None where it is new."""
        found = self._recent.first(name)
        if found is None:
            return answers.known.get(pair)
        record = self._record_at(found[1])
        event = parse_event(record.value)
        if isinstance(event, Rejection):
            raise TapeRefused(
                f"offset {record.offset} of the tape was read as an event before and is none now: "
                f"{event.reason}"
            )
        return known_of(event, found[0], record.key, found[1])

    def remember(self, entries: Sequence[Judged], receipts: Sequence[Receipt]) -> None:
        """Remember what was appended."""
        following = dict(self._positions())
        for receipt in receipts:
            if receipt.offset != following.get(receipt.partition, 0):
                return  # somebody else appends too; `follow` will learn all of it in order
            following[receipt.partition] = receipt.offset + 1
        for entry, receipt in zip(entries, receipts, strict=True):
            self._add(entry, receipt)
        self._next = following

    def _add(self, entry: Judged, place: Receipt | Record) -> None:
        candidate, position = entry.candidate, (place.partition, place.offset)
        if entry.conflicts:
            self._recent.add_copy(candidate.name, candidate.digest, position)
        else:
            self._recent.add_first(candidate.name, candidate.digest, position)
        if entry.settles_home and candidate.deal is not None:
            self._recent.add_home(candidate.deal, entry.key, (place.recorded_at, *position))

    def _begin(self) -> None:
        watermark = self._ledger.watermark()
        ends = self._tape.ends()
        for partition, position in watermark.items():
            if position > ends.get(partition, 0):
                raise TapeRefused(
                    f"the ledger has read partition {partition} of a tape up to offset {position}, "
                    f"this tape ends at {ends.get(partition, 0)}: they do not belong together; "
                    "put back the tape that belongs to the warehouse, or remove the warehouse and "
                    "let it be built again"
                )
        self._recent = Recent()
        self._load_filter(exponent_for(self._ledger.count()))
        self._next = dict(watermark)

    def _load_filter(self, exponent: int) -> None:
        named = self._ledger.count()
        self._filter = NameFilter(exponent, self._ledger.names(exponent), named)

    def _grow(self) -> None:
        self._load_filter(self._filter.exponent + 1)
        names = [*self._recent.names(), *map(deal_name, self._recent.deals())]
        for name in names:
            self._filter.add(name)

    def _skip(self) -> None:
        """Go on from the watermark where the projector is far ahead of what was read so far."""
        watermark = self._ledger.watermark()
        here = self._positions()
        if any(
            end - here.get(partition, 0) > _SKIPPED_FROM for partition, end in watermark.items()
        ):
            self._next = None

    def _positions(self) -> dict[int, int]:
        return {} if self._next is None else self._next

    def _behind(self, ends: Mapping[int, int]) -> int:
        here = self._positions()
        return sum(max(0, end - here.get(partition, 0)) for partition, end in ends.items())

    def _learn(self, records: Sequence[Record]) -> None:
        found = [
            (record, candidate_of(event))
            for record, event in zip(
                records, parse_events([record.value for record in records]), strict=True
            )
            if not isinstance(event, Rejection)
        ]
        answers = self.ask([candidate for _, candidate in found])
        for record, candidate in found:
            self._learn_one(candidate, record, answers)
        following = dict(self._positions())
        for record in records:
            following[record.partition] = record.offset + 1
        self._next = following

    def _learn_one(self, candidate: Candidate, record: Record, answers: Answers) -> None:
        position = (record.partition, record.offset)
        first = self.first(candidate.name, candidate.pair, answers)
        conflicts = False
        if first is not None and first[1] != position:
            if candidate.digest == first[0] or self.copy(candidate, answers) is not None:
                return
            conflicts = True
        # Several may settle it: records of two partitions come in any order.
        settles = (
            not conflicts
            and not candidate.amends
            and candidate.deal is not None
            and not self._recent.is_settled(candidate.deal)
        )
        self._add(Judged(candidate, record.key, conflicts, settles), record)

    def _record_at(self, position: Position) -> Record:
        partition, offset = position
        ends = self._tape.ends()
        # Other partitions may get records meanwhile, which are read as well.
        records = self._tape.read({**ends, partition: offset}, 1 if len(ends) == 1 else 1_000)
        for record in records:
            if (record.partition, record.offset) == position:
                return record
        raise TapeRefused(f"partition {partition} of the tape has no offset {offset} any more")


def known_of(event: AnyEvent, digest: bytes, key: str, position: Position) -> Known:
    """Return what is known of an event that was recorded under this key and at this place."""
    return Known(
        digest=digest.hex(),
        type=event.type,
        time=event.time,
        account=event.account,
        deal=event.deal,
        actor=event.actor,
        subject=event.subject,
        key=key,
        partition=position[0],
        offset=position[1],
    )
