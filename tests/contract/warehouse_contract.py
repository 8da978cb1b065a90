"""What every warehouse keeps, whichever engine is behind it. Its tests are inherited.

Say of `opened` how it is opened; none of the platform's databases is in it, or what is may go.
"""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client
from emptied import emptied
from few_questions import hangs_on_the_time

import events.examples
from infra.tape.opening import open_tape
from infra.warehouse import FAILURES, Outlook, Warehouse, outlook
from infra.warehouse.contract import SESSION_SETTINGS
from projections import registry
from services.projector import generations, store
from services.projector.projector import Projector
from services.projector.rows import judge, ledger_rows
from services.projector.trial_events import example_entries

DEFINITIONS = registry.load()
TIMED = {name for name, asked in DEFINITIONS.questions.items() if hangs_on_the_time(asked)}
"""What answers otherwise as time goes by."""
FAR = "2100-01-01"


class WarehouseContract:
    definitions = DEFINITIONS
    """What is deployed; all of it that can be asked is asked in both of its forms."""

    @pytest.fixture(scope="class")
    @classmethod
    def opened(cls) -> Warehouse:
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def filled(
        cls, opened: Warehouse, tmp_path_factory: pytest.TempPathFactory
    ) -> Generator[Projector, None, None]:
        """The warehouse with every example event in it, and who keeps it true."""
        tape = open_tape(f"sqlite://{tmp_path_factory.mktemp('tape') / 'tape.sqlite'}")
        folder = Path(events.examples.__file__).parent
        entries, _ = example_entries({path: path.read_bytes() for path in folder.glob("*.json")})
        tape.append(entries)
        projector = Projector(tape, emptied(opened), cls.definitions)
        projector.prepare()
        projector.catch_up()
        yield projector
        tape.close()

    @pytest.fixture
    def client(self, filled: Projector) -> Client:
        return filled.warehouse.client("admin")

    def test_everything_is_derived(self, filled: Projector) -> None:
        health = filled.health()

        assert health.failures == {}
        assert health.lag == 0
        assert all(position == health.end for position in health.tables.values())

    def test_every_table_and_question_answers_alike_now_and_at_the_end_of_time(
        self, client: Client
    ) -> None:
        for name in sorted(set(self.definitions.readable) - TIMED):
            at = f"{name}_at(as_of = '{FAR}', known_at = '{FAR}')"
            assert rows(client, f"SELECT * FROM sales.{name}") == rows(
                client, f"SELECT * FROM sales.{at}"
            ), name

    def test_what_one_client_wrote_the_next_statement_of_another_reads(
        self, filled: Projector
    ) -> None:
        for position in range(1, 6):
            store.write_positions(filled.warehouse.client("append"), ["probe"], {0: position})
            assert store.positions(filled.warehouse.client("read"))["probe"] == {0: position}

    def test_rows_that_come_again_change_nothing(self, filled: Projector) -> None:
        client = filled.warehouse.client("append")
        before = rows(client, "SELECT * FROM sales.events")

        again = ledger_rows(judge(filled.tape.read({}, 100)))
        for _ in range(2):
            store.insert(client, "events", again)

        assert rows(client, "SELECT * FROM sales.events") == before

    def test_every_statement_runs_under_the_platforms_settings(self, filled: Projector) -> None:
        names = ", ".join(f"toString(getSetting('{name}'))" for name in SESSION_SETTINGS)
        told = filled.warehouse.client("append").query(f"SELECT {names}").result_rows[0]

        wanted = [{"0": "false", "1": "true"}.get(v, v) for v in SESSION_SETTINGS.values()]
        assert [str(value) for value in told] == wanted

    def test_stored_rows_are_on_the_disk_when_an_insert_returns(self, client: Client) -> None:
        kept = client.query(
            "SELECT name, create_table_query FROM system.tables "
            "WHERE database = 'sales_store' AND engine LIKE '%MergeTree'"
        ).result_rows

        assert len(kept) > len(DEFINITIONS.tables)
        for name, sql in kept:
            promised = "fsync_after_insert = 1" in sql or "Replicated" in sql
            assert promised or not self.durable, name

    durable = True

    def test_a_table_is_built_anew_beside_the_old_one(self, filled: Projector) -> None:
        client = filled.warehouse.client("admin")
        before = generations.shown(client)["deals"]
        deals = rows(client, "SELECT * FROM sales.deals")

        filled.rebuild(["deals"])
        filled.catch_up()

        assert generations.shown(client)["deals"] != before
        assert before not in generations.stored(client)
        assert before not in store.positions(client)
        assert rows(client, "SELECT * FROM sales.deals") == deals

    @pytest.mark.parametrize(
        ("sql", "expected"),
        [
            ("SELECT 1 FROM sales_store.nothing", Outlook.NEVER),
            ("SELECT 1 FROM nowhere.nothing", Outlook.NEVER),
            ("SELECT nothing FROM sales_store.tape", Outlook.NEVER),
            ("SELEKT 1", Outlook.NEVER),
            ("SELECT toDate('no date')", Outlook.VALUE),
            ("SELECT toDecimal32('99999999999', 2)", Outlook.VALUE),
            (
                "SELECT sleepEachRow(1) FROM numbers(3) SETTINGS max_execution_time = 0.1",
                Outlook.LATER,
            ),
            (
                "SELECT groupArray(number) FROM numbers(9999999) SETTINGS max_memory_usage = 99999",
                Outlook.LATER,
            ),
        ],
    )
    def test_a_failure_tells_whether_trying_again_helps(
        self, client: Client, sql: str, expected: Outlook
    ) -> None:
        with pytest.raises(FAILURES) as caught:
            client.query(sql)

        assert outlook(caught.value) is expected, caught.value


def rows(client: Client, sql: str) -> list[Any]:
    return sorted(map(repr, client.query(sql).result_rows))
