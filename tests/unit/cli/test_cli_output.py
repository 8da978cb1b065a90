"""What commands print: numbers, times, rates, CSV, and messages of the feed."""

from decimal import Decimal

import pytest
from rich.table import Table

from services.cli import output
from services.cli.failures import Misused
from services.cli.metrics import Exposition
from services.cli.simulating import rate_of
from services.cli.sse import Message, messages
from services.query.answers import Answer


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (10005534, "10,005,534"),
        ("80450596.98", "80,450,596.98"),
        ("-611342.09", "-611,342.09"),
        ("-0.5", "-0.5"),
        (0.63151, "0.6315"),
        (12345.678, "12,345.68"),
        ("nan", "nan"),
    ],
)
def test_numbers_are_shown_as_people_read_them(value: object, shown: str) -> None:
    assert output.number(value) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2017-06-30T00:00:00Z", "2017-06-30"),
        ("2017-06-30T12:30:00Z", "2017-06-30 12:30:00"),
        ("2017-06-30T12:30:00.250000Z", "2017-06-30 12:30:00.250000"),
    ],
)
def test_times_have_no_more_digits_than_they_need(text: str, shown: str) -> None:
    assert output.moment(text) == shown


def test_the_bar_of_a_rate_grows_with_it_and_ends_at_one() -> None:
    bars = [output.rate(value).plain[: output.BAR_CELLS] for value in (0.0, 0.5, 1.0, 7.0)]
    assert bars[0].strip() == ""
    assert len(bars[1].strip()) == output.BAR_CELLS / 2
    assert bars[2] == bars[3] == "█" * output.BAR_CELLS


def test_numbers_in_a_row_are_small_bars_from_nothing_to_the_most() -> None:
    assert output.sparkline([0, 7, 3.5, 7]) == "▁█▅█"
    assert output.sparkline([0, 0]) == "▁▁"
    assert output.sparkline([-7, 0]) == "▁█"


def test_csv_has_a_header_empty_cells_for_null_and_json_for_lists(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output.write_csv(
        Answer(["a", "b"], ["String", "Array(String)"], [('x,"y"', ["p", "q"]), (None, [])])
    )
    assert capsys.readouterr().out == 'a,b\n"x,""y""","[""p"",""q""]"\n,[]\n'


def test_where_stdout_is_no_terminal_a_table_leaves_out_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = [f"a_rather_long_name_of_column_{n}" for n in range(30)]
    output.write_table(Answer(names, ["Int64"] * 30, [tuple(range(30))]))
    told = capsys.readouterr()
    assert all(name in told.out for name in names)
    assert len(told.out.splitlines()) == 2
    assert told.err.strip() == "1 row"


@pytest.mark.parametrize(
    ("text", "rate"), [("20/s", 20.0), ("5", 5.0), ("300/min", 5.0), (".5/s", 0.5)]
)
def test_a_rate_is_read_with_its_unit(text: str, rate: float) -> None:
    assert rate_of(text) == rate


@pytest.mark.parametrize("text", ["", "0/s", "-1/s", "fast", "5/day", "inf"])
def test_what_is_no_rate_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(Misused, match="20/s"):
        rate_of(text)


def test_messages_of_a_stream_keep_the_last_id_and_join_lines_of_data() -> None:
    lines = "retry: 2000\nid: 0:1\n\nid: 0:2\nevent: x\ndata: a\ndata: b\n\n: alive\n\ndata: cut"
    assert list(messages(lines.split("\n"))) == [Message("0:1", ""), Message("0:2", "a\nb")]


def test_metrics_escape_what_labels_hold_and_keep_every_digit() -> None:
    told = Exposition()
    told.add("x", "gauge", "Something.", {(("name", 'a"b\\c\n'),): 123456789, (): Decimal("1.5")})
    assert told.text().splitlines() == [
        "# HELP salestape_x Something.",
        "# TYPE salestape_x gauge",
        'salestape_x{name="a\\"b\\\\c\\n"} 123456789',
        "salestape_x 1.5",
    ]


def test_data_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("note")
    table.add_row("[/red] :boom: [bold]x")
    output.out().print(table)
    output.out().print("[link=x] y")
    told = capsys.readouterr().out
    assert "[/red] :boom: [bold]x" in told
    assert "[link=x] y" in told
