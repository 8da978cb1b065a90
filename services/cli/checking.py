"""`salestape check`: whether derived tables and questions are sound, tried on example events."""

import tempfile
from collections.abc import Callable
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
    """Try derived tables and questions on example events, and say what is wrong, and where.

    Tries those of your own where there are any, else all that ship. Uses a warehouse of its own,
    which is thrown away; no data folder is opened.
    """
    from services.cli.definitions import load_definitions, own_folders

    wanted = [*own_folders(), *(folder.absolute() for folder in folders or ())]
    for folder in wanted:
        if not folder.is_dir():
            raise failures.Misused(f"{folder} is no folder")
    definitions = load_definitions(*dict.fromkeys(wanted))

    def mine(path: Path) -> bool:
        return not wanted or any(path.is_relative_to(folder) for folder in wanted)

    tables = sorted(name for name, one in definitions.tables.items() if mine(one.folder))
    questions = sorted(name for name, one in definitions.questions.items() if mine(one.path))
    findings = _findings(definitions, mine, len(tables) + len(questions))
    if as_json:
        output.write_json(
            {
                "tables": tables,
                "questions": questions,
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
            f"{len(tables)} tables and {len(questions)} questions tried: "
            + (f"{len(findings)} to mend" if findings else "all sound")
        )
    if findings:
        raise typer.Exit(failures.FAILED)


def _findings(definitions: Any, mine: Callable[[Path], bool], total: int) -> list[Any]:
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
            findings += try_out(definitions, entries, tape, warehouse, mine, tell)
        finally:
            tape.close()
    return findings


def _shown(path: Path, line: int | None) -> str:
    here = Path.cwd()
    name = path.relative_to(here) if path.is_relative_to(here) else path
    return str(name) if line is None else f"{name}:{line}"
