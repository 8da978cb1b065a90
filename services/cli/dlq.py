"""`salestape dlq`: the records of the tape that are no events; looked at, and put on it again."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli import letter_output, output
from services.cli.failures import FAILED, Failed, Misused
from services.cli.main import app
from services.cli.opening import open_platform
from services.cli.options import Data, Json

if TYPE_CHECKING:
    from infra.sink import Sink
    from infra.tape.dead_letters import DeadLetters, Notice, Place
    from services.dead_letters.choosing import Test

Reason = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT", show_default=False, help="Only letters in whose reason this stands."
    ),
]

dlq = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Look at dead letters: records of the tape that are no events; put them on it again.",
)
app.add_typer(dlq, name="dlq")


@dlq.command("list")
def list_letters(
    reason: Reason = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="POSITION|TIME",
            show_default=False,
            help="Only after a position of the tape (0:41) or from a time on (2026-03-01).",
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="The most letters to list, latest first.")] = 20,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """List dead letters: how many of each kind of reason, then the latest ones.

    What the gateway refused never was on the tape and is no dead letter: the answer said why, and
    the latest refusals are in `rejects/rejects.jsonl` in the data folder of the gateway.
    """
    from services.dead_letters.choosing import overview

    tests = _tests(reason, since)
    with _opened(data, sink=False) as (letters, _):
        found = overview(_chosen(letters.notices(), tests), limit)
    if as_json:
        output.write_json(letter_output.overview_as_json(found))
    else:
        letter_output.tell_overview(found)


@dlq.command()
def show(
    place: Annotated[str, typer.Argument(metavar="PARTITION:OFFSET", help="Such as 0:41.")],
    raw: Annotated[
        bool, typer.Option("--raw", help="Write the exact bytes to stdout and nothing else.")
    ] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Show a dead letter: where it lay, why it is none, its headers and its bytes."""
    if raw and as_json:
        raise Misused("--raw and --json do not go together")
    wanted = _places([place])
    with _opened(data, sink=False) as (letters, _):
        (notice,) = _noticed(letters, wanted)
        (letter,) = letters.letters([notice])
    if raw:
        sys.stdout.buffer.write(letter.value)
    elif as_json:
        output.write_json(letter_output.letter_as_json(letter))
    else:
        letter_output.tell_letter(letter)


@dlq.command()
def replay(
    places: Annotated[
        list[str] | None,
        typer.Argument(metavar="PARTITION:OFFSET", show_default=False, help="Single letters."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All letters.")] = False,
    reason: Reason = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would become of them; append nothing.")
    ] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Judge dead letters again, and put those on the tape that are events by now.

    They go through the gateway, which finds what is on the tape already: replaying twice adds
    nothing. The letters themselves stay where they are. Ends with code 1 where one is no event yet.
    """
    from services.dead_letters.replaying import replay as replayed_of

    if sum((bool(places), everything, reason is not None)) != 1:
        raise Misused("name letters by their places, or give --all or --reason")
    wanted = _places(places or ())
    tests = _tests(reason, None)
    with _opened(data, sink=not dry_run) as (letters, sink), output.progress() as advance:
        chosen = _chosen(letters.notices(), tests)
        notices = _noticed(letters, wanted) if wanted else list(chosen)
        found = []
        for one in replayed_of(letters.letters(notices), sink, named=bool(wanted)):
            found.append(one)
            advance("judging", len(found), len(notices))
    if as_json:
        output.write_json([letter_output.replayed_as_json(one) for one in found])
    else:
        letter_output.tell_replayed(found)
    if not all(one.is_told for one in found):
        raise typer.Exit(FAILED)


@contextmanager
def _opened(data: Path | None, *, sink: bool) -> Iterator[tuple["DeadLetters", "Sink | None"]]:
    """Open the dead letters: those of the topic beside a tape on Kafka, else the warehouse's.

    With `sink`, also that into which events are put.
    """
    from infra.settings import DataSettings, load
    from infra.tape.opening import open_dead_letters
    from services.dead_letters.warehouse import WarehouseLetters

    with ExitStack() as stack:
        topic = open_dead_letters(load(DataSettings, data=data).tape)
        if topic is not None:
            stack.enter_context(topic)
            platform = stack.enter_context(open_platform(data, "dlq")) if sink else None
            yield topic, platform
        else:
            opened = stack.enter_context(open_platform(data, "dlq"))
            letters = WarehouseLetters(lambda sql: output.rows_of(opened.query(sql)))
            yield letters, opened if sink else None


def _tests(reason: str | None, after: str | None) -> list["Test"]:
    from services.dead_letters.choosing import BadChoice, because_of, since

    tests = [] if reason is None else [because_of(reason)]
    if after is not None:
        try:
            tests.append(since(after))
        except BadChoice as error:
            raise Misused(f"--since: {error}") from error
    return tests


def _chosen(notices: Iterator["Notice"], tests: Sequence["Test"]) -> Iterator["Notice"]:
    return (notice for notice in notices if all(test(notice) for test in tests))


def _places(texts: Sequence[str]) -> list["Place"]:
    from services.dead_letters.choosing import BadChoice, place_of

    try:
        return list(dict.fromkeys(place_of(text) for text in texts))
    except BadChoice as error:
        raise Misused(str(error)) from error


def _noticed(letters: "DeadLetters", wanted: Sequence["Place"]) -> list["Notice"]:
    """Return the notices of the letters at these places. Raises `Failed` where one is not there."""
    found = {notice.place: notice for notice in letters.notices() if notice.place in wanted}
    for place in wanted:
        if place not in found:
            raise Failed(f"there is no dead letter {place}; `salestape dlq list` tells which are")
    return [found[place] for place in wanted]
