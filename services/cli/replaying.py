"""`salestape replay`: the history of a deal, each event with both clocks and the state after it."""

from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from services.cli import output
from services.cli.clocks import clock_option
from services.cli.main import app
from services.cli.opening import open_platform
from services.cli.options import Data, Json

if TYPE_CHECKING:
    from rich.table import Table

MARKS = {"live": "", "corrected": "corrected", "retracted": "retracted", "moved": "moved away"}


@app.command()
def replay(
    deal: Annotated[str, typer.Argument(help="The id of the deal.")],
    at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", show_default=False, help="Leave out what happened after that."
        ),
    ] = None,
    known: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", show_default=False, help="Leave out what the tape learnt after that."
        ),
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Replay a deal: its events in order, when each happened and was recorded, and what followed.

    Corrections show in the event they correct; retracted events and conflicts are shown as such.
    """
    until, learnt = clock_option("--at", at), clock_option("--known", known)
    with open_platform(data, "replay") as platform:
        found = platform.replay(deal, until, learnt)
    if as_json:
        output.write_json(found)
    else:
        _tell(found)


def _tell(found: dict[str, Any]) -> None:
    console = output.out()
    console.print(_history(found["lines"]))
    for line in found["lines"]:
        for told in _remarks(line):
            console.print(f"  {told}", style="yellow", soft_wrap=True)
    for amendment in found["unmatched"]:
        target = amendment["target"]
        console.print(
            f"  a {amendment['kind']} of {target['id']} ({target['source']}), which is not on the "
            "tape",
            style="yellow",
            soft_wrap=True,
        )
    for text in found["notes"]:
        output.note(text)
    if (state := found["state"]) is not None:
        console.print(f"{found['deal']}: {_stands(state)}", style="bold")


def _history(lines: list[dict[str, Any]]) -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("happened", "recorded", "event", "says", "after it", ""):
        table.add_column(heading, overflow="fold")
    for line in lines:
        table.add_row(
            output.moment(line["time"]),
            output.moment(line["recorded_at"]),
            line["type"].removeprefix("sales."),
            _says(line),
            _stands(line["state"]),
            MARKS.get(line["standing"], line["standing"]),
            style=None if line["counts"] else "dim",
        )
    return table


def _says(line: dict[str, Any]) -> str:
    parts = [f"{name}={_value(value)}" for name, value in line["payload"].items()]
    if line["actor"]:
        parts.append(f"by {line['actor']}")
    return ", ".join(parts)


def _value(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _stands(state: dict[str, Any] | None) -> str:
    if state is None:
        return ""
    parts = [state["status"]]
    if state["stage"]:
        parts.append(f"in {state['stage']}")
    if state["amount"] is not None:
        parts.append(f"{output.number(state['amount'])} {state['currency'] or ''}".rstrip())
    if state["owner"]:
        parts.append(f"owned by {state['owner']}")
    return ", ".join(parts)


def _remarks(line: dict[str, Any]) -> list[str]:
    name = f"{line['id']} ({line['source']})"
    remarks = []
    if line["told"] is not None:
        said = ", ".join(f"{key}={_value(value)}" for key, value in line["told"]["payload"].items())
        remarks.append(f"{name}: first told as {output.moment(line['told']['time'])}, {said}")
    for amendment in line["amendments"]:
        why = "" if amendment["holds"] else f", which does not hold: {amendment['why_not']}"
        reason = f" ({amendment['reason']})" if amendment["reason"] else ""
        learnt = output.moment(amendment["recorded_at"])
        remarks.append(f"{name}: {amendment['kind']} recorded {learnt}{reason}{why}")
    remarks += [
        f"{name}: told otherwise at {output.moment(other['recorded_at'])}, which changes nothing"
        for other in line["conflicts"]
    ]
    if line["repeats"]:
        remarks.append(f"{name}: recorded {len(line['repeats'])} more times, the same")
    return remarks
