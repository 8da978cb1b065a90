"""The ledger in SQL says of a warehouse what a ledger in memory says of the same tape."""

from collections.abc import Callable, Generator

import pytest
from clickhouse_connect.driver.client import Client
from gateway_doubles import NOW, MemoryLedger, correction, event, records_of, retraction

from events.parsing import parse_event
from infra.tape.contract import Tape
from infra.warehouse import Warehouse
from services.gateway import warehouse_ledger
from services.gateway.intake import Intake
from services.gateway.ledger import LedgerUnavailable
from services.gateway.names import NameFilter, deal_name, event_name
from services.gateway.rejects import RejectLog
from services.gateway.warehouse_ledger import WarehouseLedger
from services.projector import store
from services.projector.append import AppendLoop

ODD_NAMES = [
    "it's",
    'say "so"',
    "back\\slash",
    "a,b]",
    "{x:String}",
    "Žofie 🦜",
    "%s %%",
    "\\N",
    " ",
]
TARGET = {"target_type": "sales.deal.won.v1", "target_time": "2024-02-01T10:00:00Z"}


@pytest.fixture
def client(empty_warehouse: Warehouse) -> Client:
    opened = empty_warehouse.client("gateway")
    store.prepare(opened)
    return opened


@pytest.fixture
def project(tape: Tape, client: Client) -> Generator[Callable[[], None], None, None]:
    loop = AppendLoop(tape, client)

    def projected() -> None:
        loop.start()
        while loop.step():
            pass

    return projected


@pytest.fixture
def intake(tape: Tape, ledger: MemoryLedger) -> Intake:
    return Intake(tape, ledger, RejectLog(None), now=lambda: NOW)


def a_history(intake: Intake) -> None:
    """Hand in all that a ledger must tell apart."""
    intake.accept(
        [
            event("e1", account=None, time="1969-07-20T20:17:40.123456Z"),
            event("e1", account="Other Ltd", deal="D-9"),
            event("e1", actor=None, subject="S-1"),
            event("e2", deal=None, account=None, actor=None, subject="S-2"),
            event("e3"),
            correction("a1", "e1"),
            retraction("a2", "e3"),
            event("e3", account="Zeta", deal="D-0"),
            retraction("a3", "e7", TARGET, deal="D-7"),
            event("e7", deal="D-7"),
            event("e1", source="/erp", account="Third Ltd", deal="D-3"),
        ]
        + [event(name, deal=name, account=name) for name in ODD_NAMES]
    )
    intake.accept([event("e4", deal="D-9", account="Fourth Ltd")])


def all_pairs(tape: Tape) -> list[tuple[str, str]]:
    found = [parse_event(record.value) for record in records_of(tape)]
    return [(one.source, one.id) for one in found]


def test_it_knows_what_is_recorded_and_where(
    intake: Intake, tape: Tape, ledger: MemoryLedger, client: Client, project: Callable[[], None]
) -> None:
    a_history(intake)
    project()
    ledger.project()
    asked = [*all_pairs(tape), ("/crm", "e5"), ("/erp", "e2"), ("nobody", "e1")]
    assert WarehouseLedger(client).known(asked) == ledger.known(asked)
    assert len(ledger.known(asked)) == 18
    assert WarehouseLedger(client).watermark() == {0: len(records_of(tape))}


def test_it_knows_where_deals_are_at_home(
    intake: Intake, ledger: MemoryLedger, client: Client, project: Callable[[], None]
) -> None:
    a_history(intake)
    project()
    ledger.project()
    asked = ["D-1", "D-9", "D-3", "D-0", "D-7", "D-404", *ODD_NAMES]
    homes = WarehouseLedger(client).homes(asked)
    assert homes == ledger.homes(asked)
    assert (homes["D-1"], homes["D-9"], homes["D-7"]) == ("D-1", "Fourth Ltd", "Acme")
    assert "D-0" not in homes


def test_its_filter_is_the_one_that_python_makes(
    intake: Intake, tape: Tape, client: Client, project: Callable[[], None]
) -> None:
    a_history(intake)
    project()
    made = NameFilter(10)
    for record in records_of(tape):
        found = parse_event(record.value)
        made.add(event_name(found.source, found.id))
        if found.deal is not None:
            made.add(deal_name(found.deal))
    told = WarehouseLedger(client)
    assert told.names(10) == made.tobytes()
    assert told.names(20) != told.names(10)
    assert told.count() >= 18


def test_many_names_are_asked_for_in_lots(
    intake: Intake,
    tape: Tape,
    ledger: MemoryLedger,
    client: Client,
    project: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(warehouse_ledger, "LOT", 4)
    a_history(intake)
    project()
    ledger.project()
    told = WarehouseLedger(client)
    assert told.known(all_pairs(tape)) == ledger.known(all_pairs(tape))
    assert told.homes(ODD_NAMES) == ledger.homes(ODD_NAMES)


def test_an_empty_ledger_knows_nothing(client: Client) -> None:
    told = WarehouseLedger(client)
    assert (told.watermark(), told.count(), told.known([]), told.homes([])) == ({}, 0, {}, {})
    assert told.known([("/crm", "e1")]) == {}
    assert told.names(8) == bytes(8 * 2**8)


def test_a_warehouse_without_tables_says_what_makes_them(empty_warehouse: Warehouse) -> None:
    told = WarehouseLedger(empty_warehouse.client("gateway"))
    for ask in (
        told.watermark,
        told.count,
        lambda: told.names(8),
        lambda: told.known([("a", "b")]),
    ):
        with pytest.raises(LedgerUnavailable, match="start a projector"):
            ask()


def test_an_intake_on_the_warehouse_puts_each_event_on_the_tape_once(
    tape: Tape, client: Client, project: Callable[[], None]
) -> None:
    def start() -> Intake:
        return Intake(tape, WarehouseLedger(client), RejectLog(None), now=lambda: NOW)

    raws = [event(f"e{n}", deal=f"D-{n % 7}", account=f"A-{n % 5}") for n in range(40)]
    start().accept(raws[:10])
    project()
    intake = start()
    told = [one.status for one in intake.accept(raws[5:20])]
    assert told == ["duplicate"] * 5 + ["appended"] * 10
    intake = start()  # with half of it in the ledger and half behind it
    told = [one.status for one in intake.accept([*raws, event("e1", deal="D-1", account="X")])]
    assert told == ["duplicate"] * 20 + ["appended"] * 20 + ["conflict"]
    project()
    told = [one.status for one in start().accept([*raws, retraction("a1", "e30")])]
    assert told == ["duplicate"] * 40 + ["appended"]
    keys = {}
    for record in records_of(tape):
        found = parse_event(record.value)
        assert keys.setdefault(found.deal, record.key) == record.key
    assert len(records_of(tape)) == 42
