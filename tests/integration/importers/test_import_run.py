"""What an import does with rows: ids, repeats, NULLs, types, dry runs, progress and failures."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from import_bench import Bench

from services.importers import ImportStopped

SALES = """\
SELECT
    'sales.purchase.made.v1' AS type, toDate(day) AS time, customer AS account,
    amount, 'EUR' AS currency, product, _file, _row
FROM rows
"""
CSV = "day,customer,amount,product\n2025-03-01,A,10,\n2025-03-01,A,10,\n2025-03-02,B,7.5,pen\n"


def test_two_equal_sales_stay_two_and_a_second_import_adds_nothing(bench: Bench) -> None:
    bench.script(SALES)
    bench.file(CSV)
    first, second = bench.run(), bench.run()
    assert (first.appended, first.already_there, first.rejected) == (3, 0, 0)
    assert (second.appended, second.already_there, second.conflicts) == (0, 3, 0)
    assert [event.data.amount for event in bench.sink.events] == ["10", "10", "7.5"]


def test_an_import_of_a_grown_file_appends_only_what_is_new(bench: Bench) -> None:
    bench.script(SALES)
    bench.file(CSV)
    bench.run()
    bench.file(CSV + "2025-03-01,A,10,\n2025-03-05,C,1,\n")
    grown = bench.run()
    assert (grown.appended, grown.already_there) == (2, 3)


def test_equal_rows_of_two_scripts_are_told_apart(bench: Bench) -> None:
    bench.script(SALES + "WHERE customer = 'A'", "10_a.sql")
    bench.script(SALES + "WHERE customer = 'A'", "20_again.sql")
    bench.file(CSV)
    assert bench.run().appended == 4


def test_ids_do_not_depend_on_the_order_of_columns_or_rows(bench: Bench) -> None:
    bench.script(SALES)
    bench.file(CSV)
    bench.run()
    bench.script(
        SALES.replace("amount, 'EUR' AS currency, product", "product, 'EUR' currency, amount")
    )
    header, *rows = CSV.splitlines()
    bench.file("\n".join([header, *reversed(rows)]))
    assert bench.run().already_there == 3


def test_the_id_made_of_a_content_never_changes(bench: Bench) -> None:
    # A tape that was filled with other ids would be filled a second time by the same files.
    bench.script(SALES)
    bench.file(CSV)
    bench.run()
    content = (
        '{"account":"A","data":{"amount":"10","currency":"EUR"},"source":"bench",'
        '"specversion":"1.0","time":"2025-03-01T00:00:00.000000Z","type":"sales.purchase.made.v1"}'
    )
    made = hashlib.sha256(content.encode()).hexdigest()[:32]
    assert [event.id for event in bench.sink.events[:2]] == [made, f"{made}-2"]


def test_an_id_of_the_select_is_kept_and_another_content_under_it_is_a_conflict(
    bench: Bench,
) -> None:
    bench.script(SALES.replace("amount,", "'sale/' || toString(_row) AS id, amount,"))
    bench.file(CSV)
    bench.run()
    bench.file(CSV.replace("7.5", "8.5"))
    summary = bench.run()
    assert [event.id for event in bench.sink.events] == ["sale/2", "sale/3", "sale/4"]
    assert (summary.already_there, summary.conflicts, summary.appended) == (2, 1, 0)


def test_nulls_are_left_out(bench: Bench) -> None:
    bench.script(SALES)
    bench.file(CSV)
    bench.run()
    without, with_product = bench.sink.events[0], bench.sink.events[2]
    assert "product" not in without.data.model_fields_set
    assert with_product.data.product == "pen"
    assert "actor" not in without.model_fields_set


def test_a_column_stands_in_the_event_as_its_type_says(bench: Bench) -> None:
    bench.script("""
        SELECT 'sales.account.created.v1' AS type, toDateTime('2025-03-01 12:00:00') AS time,
            toUInt32(17) AS account, toUInt64(4000000000) AS employees,
            toDecimal128('123456789012345678.10', 2) AS annual_revenue, 'EUR' AS currency
        FROM rows
        UNION ALL
        SELECT 'sales.account.created.v1', toDateTime('2025-07-01 12:00:00', 'Europe/Berlin'),
            18, NULL, NULL, NULL
        FROM rows
    """)
    bench.file("a\n1\n")
    bench.run()
    bench.script("""
        SELECT 'sales.pipeline.defined.v1' AS type, '2025-03-01T12:00:00+01:00' AS time,
            'main' AS pipeline, [('Open', 1), ('Won', 2)]::Array(Tuple(name String, position UInt8))
            AS stages
        FROM rows
    """)
    bench.run()
    account, summer, pipeline = bench.sink.events
    assert (account.account, account.data.employees) == ("17", 4_000_000_000)
    assert account.data.annual_revenue == "123456789012345678.1"
    assert [stage.name for stage in pipeline.data.stages] == ["Open", "Won"]
    hours = [event.time.isoformat()[11:] for event in (account, summer, pipeline)]
    assert hours == ["12:00:00+00:00", "10:00:00+00:00", "11:00:00+00:00"]


def test_text_becomes_the_number_or_flag_that_its_field_holds(bench: Bench) -> None:
    bench.script("""
        SELECT 'sales.call.made.v1' AS type, toDate(day) AS time, 'outbound' AS direction,
            seconds AS duration_seconds, cold, _file, _row
        FROM rows
    """)
    bench.file("day,seconds,cold\n2025-03-01,90,TRUE\n2025-03-02,,\n2025-03-03,long,maybe\n")
    summary = bench.run()
    calls = [(event.data.duration_seconds, event.data.cold) for event in bench.sink.events]
    assert calls == [(90, True), (None, None)]
    [reject] = summary.rejects
    assert (reject.row, reject.field) == (4, "data.duration_seconds")
    assert 'found "long"' in reject.reason
    assert 'found "maybe"' in reject.reason


def test_a_cast_and_a_join_leave_null_what_is_not_there(bench: Bench) -> None:
    bench.script("""
        WITH counted AS (SELECT a, count() AS n FROM rows WHERE b IS NOT NULL GROUP BY a)
        SELECT 'sales.account.created.v1' AS type, toDate('2025-03-01') AS time,
            r.a AS account, r.b::UInt64 AS employees, c.n AS founded_year
        FROM rows AS r LEFT JOIN counted AS c ON c.a = r.a
        ORDER BY r._row
    """)
    bench.file("a,b\nx,7\ny,\n")
    bench.run()
    told = [(event.data.employees, event.data.founded_year) for event in bench.sink.events]
    assert told == [(7, 1), (None, None)]


def test_numbers_and_moments_become_what_their_field_holds(bench: Bench) -> None:
    bench.script("""
        SELECT 'sales.quota.set.v1' AS type, toDate('2025-03-01') AS time,
            toDateTime('2025-03-01 10:00:00') AS period_start, toDate('2025-03-31') AS period_end,
            toUInt32(500) AS amount, 'EUR' AS currency
        FROM rows
    """)
    bench.file("a\n1\n")
    bench.run()
    [quota] = bench.sink.events
    assert quota.data.amount == "500"
    assert quota.data.period_start.isoformat() == "2025-03-01"


def test_times_mean_utc_wherever_the_process_runs(tmp_path: Path, bench: Bench) -> None:
    bench.script("""
        SELECT 'sales.quota.set.v1' AS type, parseDateTime(t, '%d.%m.%Y %H:%i') AS time,
            toDate(time) AS period_start, period_start AS period_end, '1' AS amount,
            'EUR' AS currency
        FROM rows
    """)
    bench.file("t\n01.03.2025 00:30\n")
    script = f"""
import sys, clickhouse_connect
from services.importers import run
from infra.sink import Outcome
class Printing:
    def accept(self, raws):
        sys.stdout.write(raws[0].decode())
        return [Outcome("appended") for _ in raws]
client = clickhouse_connect.get_client(interface="chdb", path={str(tmp_path / "engine")!r})
run({str(bench.folder / "importer")!r}, [{str(bench.folder / "files")!r}], Printing(), client)
"""
    told = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "TZ": zone},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for zone in ("America/New_York", "Asia/Tokyo")
    ]
    assert told[0] == told[1]
    assert json.loads(told[0])["time"] == "2025-03-01T00:30:00.000000Z"
    assert json.loads(told[0])["data"]["period_start"] == "2025-03-01"


def test_events_come_in_the_order_of_the_select(bench: Bench) -> None:
    bench.script(SALES + "ORDER BY toDecimal64(amount, 2) DESC, _row")
    amounts = [str(n * 7919 % 20_000) for n in range(20_000)]
    bench.file("day,customer,amount,product\n" + "".join(f"2025-03-01,A,{n},\n" for n in amounts))
    bench.run()
    found = [int(event.data.amount) for event in bench.sink.events]
    assert found == sorted(map(int, amounts), reverse=True)


def test_a_row_that_is_no_event_is_rejected_with_its_place_and_the_rest_is_appended(
    bench: Bench,
) -> None:
    bench.script(SALES)
    bench.file(CSV + '2025-03-03,A,"1,5",\n2025-03-04,A,2,\n')
    rejects = bench.folder / "rejects.jsonl"
    summary = bench.run(rejects=rejects)
    assert (summary.appended, summary.rejected, summary.events) == (4, 1, 5)
    [reject] = summary.rejects
    assert (reject.place, reject.field) == ("rows.csv, row 5", "data.amount")
    assert '"1,5"' in reject.reason
    [kept] = map(json.loads, rejects.read_text().splitlines())
    assert (kept["file"], kept["row"], kept["script"]) == ("rows.csv", 5, "10_events.sql")
    assert json.loads(kept["event"])["data"]["amount"] == "1,5"


def test_every_reject_is_written_but_only_some_are_shown(bench: Bench) -> None:
    bench.script(SALES)
    bench.file("day,customer,amount,product\n" + "2025-03-01,A,x,\n" * 200)
    summary = bench.run(rejects=bench.folder / "rejects.jsonl")
    assert summary.rejected == 200
    assert len(summary.rejects) < 200
    assert len((bench.folder / "rejects.jsonl").read_text().splitlines()) == 200


def test_a_reject_of_a_select_without_a_row_names_the_script(bench: Bench) -> None:
    bench.script(SALES.replace(", _file, _row", ""))
    bench.file("day,customer,amount,product\n2025-03-01,A,x,\n")
    assert bench.run().rejects[0].place == "10_events.sql"


def test_a_dry_run_counts_and_shows_and_appends_nothing(bench: Bench) -> None:
    bench.script(SALES)
    bench.file(CSV + "2025-03-03,A,x,\n9999-01-01,A,2,\n")
    summary = bench.run(dry_run=True)
    assert bench.sink.events == []
    assert (summary.dry_run, summary.appended, summary.rejected) == (True, 3, 2)
    assert [reject.row for reject in summary.rejects] == [5, 6]
    assert summary.produced == {"sales.purchase.made.v1": 5}
    assert summary.samples["sales.purchase.made.v1"]["data"] == {"amount": "10", "currency": "EUR"}


def test_a_dry_run_finds_two_events_of_one_import_under_one_id(bench: Bench) -> None:
    bench.script(SALES.replace("amount,", "'sale/' || customer AS id, amount,"))
    bench.file(CSV + "2025-03-09,B,9,\n")
    summary = bench.run(dry_run=True)
    assert (summary.appended, summary.already_there, summary.conflicts) == (2, 1, 1)


def test_progress_ends_at_the_number_of_events(bench: Bench) -> None:
    bench.script(SALES)
    bench.file(CSV)
    seen = []
    bench.run(progress=seen.append)
    assert [step.phase for step in seen] == ["reading", "counting", "importing"]
    assert (seen[0].done, seen[-1].done, seen[-1].total) == (3, 3, 3)


def test_a_tape_that_fills_up_stops_the_import_which_then_goes_on_where_it_was(
    bench: Bench,
) -> None:
    bench.script(SALES)
    bench.file(
        "day,customer,amount,product\n" + "".join(f"2025-03-01,A,{n},\n" for n in range(12_000))
    )
    bench.sink.room = 6_000
    with pytest.raises(ImportStopped, match=r"disk is full.*5,000 of 12,000.*run it again") as stop:
        bench.run()
    assert stop.value.summary.appended == len(bench.sink.events) == 5_000
    bench.sink.room = None
    assert (bench.run().appended, len(bench.sink.events)) == (7_000, 12_000)


def test_an_import_leaves_nothing_in_the_engine(bench: Bench) -> None:
    def contents() -> object:
        return bench.client.query(
            "SELECT database, name FROM system.tables WHERE database NOT IN ('system')"
        ).result_rows

    bench.script(SALES)
    bench.file(CSV)
    before = contents()
    bench.run()
    assert contents() == before
