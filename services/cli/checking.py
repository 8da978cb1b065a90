"""`salestape check`: whether derived tables and questions are sound, tried on example events."""

import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from services.cli import failures, output
from services.cli.main import app
from services.cli.options import Data, Json


@app.command()
def check(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FOLDER",
            show_default=False,
            help="Folders with definitions of your own; also SALESTAPE_PROJECTIONS.",
        ),
    ] = None,
    data: Data = None,  # noqa: ARG001 - every command takes it; this one opens no data
    as_json: Json = False,
) -> None:
    """Try every derived table and question on example events, and say what is wrong, and where.

    Uses a warehouse of its own, which is thrown away; no data folder is opened.
    """
    from services.cli.definitions import load_definitions, own_folders

    wanted = [*own_folders(), *(folder.absolute() for folder in folders or ())]
    for folder in wanted:
        if not folder.is_dir():
            raise failures.Misused(f"{folder} is no folder")
    definitions = load_definitions(*dict.fromkeys(wanted))
    findings = _findings(definitions)
    tables, questions = len(definitions.tables), len(definitions.questions)
    if as_json:
        output.write_json(
            {
                "tables": sorted(definitions.tables),
                "questions": sorted(definitions.questions),
                "findings": [
                    {"file": str(one.path), "line": one.line, "problem": one.problem}
                    for one in findings
                ],
            }
        )
    else:
        console = output.out()
        for one in findings:
            console.print(f"{_shown(one.path, one.line)}: {one.problem}", soft_wrap=True)
        output.note(
            f"{tables} tables and {questions} questions tried: "
            + (f"{len(findings)} to mend" if findings else "all sound")
        )
    if findings:
        raise typer.Exit(failures.FAILED)


def _findings(definitions: Any) -> list[Any]:
    import events
    from infra.settings import file_url
    from infra.tape.opening import open_tape
    from infra.warehouse import Warehouse
    from services.projector.checking import judge
    from services.projector.trial import try_out
    from services.projector.trial_events import example_entries

    examples = Path(events.__file__).parent / "examples"
    entries, findings = example_entries(
        {path: path.read_bytes() for path in examples.glob("*.json")}
    )
    findings += judge(definitions)
    total = len(definitions.tables) + len(definitions.questions)
    tried: list[str] = []
    with (
        tempfile.TemporaryDirectory(prefix="salestape-check-") as folder,
        output.progress() as advance,
        Warehouse(file_url("chdb", Path(folder) / "warehouse"), durable=False) as warehouse,
    ):
        tape = open_tape(file_url("sqlite", Path(folder) / "tape.sqlite"))

        def tell(name: str) -> None:
            advance(name, len(tried), total)
            tried.append(name)

        try:
            findings += try_out(definitions, entries, tape, warehouse, tell)
        finally:
            tape.close()
    return findings


def _shown(path: Path, line: int | None) -> str:
    here = Path.cwd()
    name = path.relative_to(here) if path.is_relative_to(here) else path
    return str(name) if line is None else f"{name}:{line}"
