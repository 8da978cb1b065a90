"""Signals on a real tape and warehouse: raised once, taken on, cleared when their cause is gone."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from emptied import emptied
from few_questions import tables_with

from infra.clock import now
from infra.tape import Tape
from infra.tape.opening import open_tape
from infra.warehouse import Warehouse
from services.gateway.intake import Intake
from services.gateway.rejects import RejectLog
from services.gateway.warehouse_ledger import WarehouseLedger
from services.projector.projector import Projector
from services.signals.raising import Signals, Told

NOTHING = Told(0, 0)


class Desk:
    """A platform in small: what is told is on the tape and derived when `tell` returns."""

    def __init__(self, tape: Tape, warehouse: Warehouse, folder: Path) -> None:
        definitions = tables_with("churn_signals")
        self.intake = Intake(
            tape, WarehouseLedger(warehouse.client("gateway")), RejectLog(folder / "rejects")
        )
        self.projector = Projector(tape, warehouse, definitions)
        self.projector.prepare()
        self.client = warehouse.client("read")
        self.questions = definitions.questions
        self.signals = self.another()
        self.said = 0

    def another(self) -> Signals:
        return Signals(self.client, self.intake, self.questions, days=30)

    def tell(self, kind: str, days_ago: float, data: dict[str, Any], **about: str) -> str:
        said = self.say(kind, days_ago, data, **about)
        self.projector.catch_up()
        return said

    def say(self, kind: str, days_ago: float, data: dict[str, Any], **about: str) -> str:
        """Put an event on the tape, to be derived with the next that is told."""
        self.said += 1
        event = {
            "specversion": "1.0",
            "id": str(self.said),
            "source": "crm",
            "type": kind,
            "time": (now() - timedelta(days=days_ago)).isoformat(),
            "data": data,
        }
        (outcome,) = self.intake.accept([json.dumps(event | about).encode()])
        assert outcome.status == "appended", outcome.reason
        return str(self.said)

    def buys(self, account: str, days_ago: float) -> str:
        data = {"amount": "10.00", "currency": "EUR"}
        return self.tell("sales.purchase.made.v1", days_ago, data, account=account)

    def look(self) -> Told:
        told = self.signals.step()
        self.projector.catch_up()
        return told

    def shown(self, account: str, columns: str, where: str = "1") -> list[tuple[Any, ...]]:
        about = f"account = '{account}' AND {where}"
        sql = f"SELECT {columns} FROM sales.signals WHERE {about} ORDER BY rule"
        return list(self.client.query(sql).result_rows)


@pytest.fixture(scope="module")
def desk(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The platform of all tests here; each tells of accounts of its own, and leaves no news."""
    folder = tmp_path_factory.mktemp("desk")
    tape = open_tape(f"sqlite:///{folder / 'tape.sqlite'}")
    yield Desk(tape, emptied(warehouse), folder)
    tape.close()


def test_a_signal_lives_from_its_cause_to_the_end_of_it(desk: Desk) -> None:
    desk.buys("quiet", 95)
    assert desk.look() == Told(1, 0)
    began = (now() - timedelta(days=95)).date()
    ((rule, evidence, status, since, raised),) = desk.shown(
        "quiet", "rule, evidence, status, toDate(raised_at), raised"
    )
    assert (rule, status, raised) == ("idle_long", "raised", 1)
    assert evidence == f"no purchase since {began}, for more than 90 days"
    assert since == began + timedelta(days=91)
    assert desk.look() == NOTHING

    ((name,),) = desk.shown("quiet", "signal")
    desk.tell("sales.signal.acknowledged.v1", 0, {"signal": name}, account="quiet", actor="rep-1")
    assert desk.shown("quiet", "status, acknowledged_by") == [("acknowledged", "rep-1")]
    assert desk.look() == NOTHING

    bought = desk.buys("quiet", 1)
    assert desk.look() == Told(0, 1)
    assert desk.shown("quiet", "status, outcome") == [("cleared", "passed")]
    assert desk.look() == NOTHING

    target = {"target_source": "crm", "target_id": bought, "reason": "entered by mistake"}
    desk.tell("sales.event.retracted.v1", 0, target, account="quiet")
    assert desk.look() == Told(1, 0)
    assert desk.shown("quiet", "signal, status, raised") == [(name, "raised", 2)]

    cleared = {"signal": name, "outcome": "false_alarm"}
    desk.tell("sales.signal.cleared.v1", 0, cleared, account="quiet", actor="rep-1")
    assert desk.look() == NOTHING
    assert desk.shown("quiet", "status, outcome") == [("cleared", "false_alarm")]


def test_each_rule_of_an_account_is_a_signal_of_its_own(desk: Desk) -> None:
    money = {"amount": "10.00", "currency": "EUR"}
    for days_ago in (140, 130, 120, 110, 100):
        desk.say("sales.purchase.made.v1", days_ago, money, account="regular")
    trouble = {"amount": "5.00", "currency": "EUR", "reason": "card expired"}
    desk.tell("sales.payment.failed.v1", 2, trouble, account="regular")
    # It broke its rhythm 69 days ago, which is no news.
    assert desk.look() == Told(2, 0)
    assert desk.shown("regular", "rule") == [("idle_long",), ("payment_trouble",)]
    desk.tell("sales.payment.received.v1", 1, money | {"amount": "5.00"}, account="regular")
    assert desk.look() == Told(0, 1)
    assert desk.shown("regular", "rule", "status = 'cleared'") == [("payment_trouble",)]


def test_what_holds_for_long_is_no_news(desk: Desk) -> None:
    desk.buys("gone", 300)
    assert desk.look() == NOTHING


def test_two_who_look_at_the_same_moment_raise_one_signal(desk: Desk) -> None:
    desk.buys("still", 95)
    assert desk.signals.step() == Told(1, 0)
    assert desk.another().step() == NOTHING
    desk.projector.catch_up()
    assert desk.shown("still", "raised") == [(1,)]


def test_what_others_raised_is_not_the_platforms_to_clear(desk: Desk) -> None:
    told = {"signal": "by-hand", "rule": "gut_feeling", "evidence": "sounded cold on the phone"}
    desk.tell("sales.signal.raised.v1", 3, told, account="cold")
    assert desk.look() == NOTHING
    assert desk.shown("cold", "signal, status, source") == [("by-hand", "raised", "crm")]
