"""Several gateways on one tape: what each knows of what the others took, and where races end."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from gateway_doubles import NOW, MemoryLedger, TapeBetween, event, records_of, retraction

from infra.tape.contract import Entry, Positions, Receipt, Record, Tape
from services.gateway.intake import Intake
from services.gateway.rejects import RejectLog


class TwoPartitions(Tape):
    """A tape in memory of two partitions, one for `Acme` and one for all other keys.

    It gives the second partition first, whatever was recorded first, as Kafka may.
    """

    def __init__(self) -> None:
        self.records: tuple[list[Record], list[Record]] = ([], [])

    def append(self, entries: Sequence[Entry]) -> list[Receipt]:
        receipts = []
        for entry in entries:
            partition = 0 if entry.key == "Acme" else 1
            at = NOW + timedelta(seconds=sum(map(len, self.records)))
            place = self.records[partition]
            receipts.append(Receipt(partition, len(place), at))
            place.append(Record(partition, len(place), at, entry.key, entry.value))
        return receipts

    def read(self, start: Positions, limit: int) -> list[Record]:
        found = [one for part in (1, 0) for one in self.records[part][start.get(part, 0) :]]
        return found[:limit]

    def ends(self) -> dict[int, int]:
        return {partition: len(records) for partition, records in enumerate(self.records)}

    def wait(self, start: Positions, timeout: float) -> bool:
        return bool(self.read(start, 1))

    def close(self) -> None:
        """Nothing is held."""


def test_what_one_gateway_has_acknowledged_every_other_knows(
    start: Callable[..., Intake], tape: Tape
) -> None:
    first, second = start(), start()
    second.follow()
    first.accept([event("e1"), event("e2", deal="D-2", account="Other Ltd")])
    told = second.accept(
        [
            event("e1"),
            event("e2", deal="D-2", account="Third Ltd"),
            event("e3", deal="D-2", account=None),
            retraction("r1", "e1"),
        ]
    )
    assert [one.status for one in told] == ["duplicate", "conflict", "appended", "appended"]
    assert [one.key for one in records_of(tape)] == ["Acme", *["Other Ltd"] * 3, "Acme"]


def test_a_repeat_that_two_gateways_take_at_once_is_a_repeat_to_both_afterwards(
    start: Callable[..., Intake], tape: Tape
) -> None:
    between = TapeBetween(tape)
    slow, quick = start(on=between), start()
    slow.follow()
    between.before = lambda _entries: _once(between, lambda: quick.accept([event("e1")]))
    assert slow.accept([event("e1")])[0].status == "appended"
    assert len(records_of(tape)) == 2
    told = [one.accept([event("e1")])[0] for one in (slow, quick)]
    assert {(one.status, one.offset) for one in told} == {("duplicate", 0)}


def test_a_deal_that_two_gateways_give_two_homes_goes_on_in_the_first_recorded() -> None:
    tape = TwoPartitions()
    between, ledger = TapeBetween(tape), MemoryLedger(tape)
    slow, quick = (_intake(one, ledger) for one in (between, tape))
    slow.follow()
    between.before = lambda _entries: _once(between, lambda: quick.accept([event("e1")]))
    slow.accept([event("e2", account="Other Ltd")])
    assert [len(records) for records in tape.records] == [1, 1]
    late = _intake(tape, ledger)
    for number, gateway in enumerate((slow, quick, late)):
        gateway.accept([event(f"later{number}", account=None)])
    assert [len(records) for records in tape.records] == [4, 1]


def _intake(tape: Tape, ledger: MemoryLedger) -> Intake:
    return Intake(tape, ledger, RejectLog(None), now=lambda: NOW)


def _once(between: TapeBetween, work: Callable[[], object]) -> None:
    between.before = lambda _entries: None
    work()
