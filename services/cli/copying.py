"""`salestape copy`: a tape taken along to another size, verified record by record."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli import output
from services.cli.failures import Failed, Misused, Unreachable
from services.cli.main import app
from services.cli.options import Data, Json

if TYPE_CHECKING:
    from pathlib import Path

    from infra.tape.copying import Copied

Url = "sqlite:///path/to/tape.sqlite or kafka://host:port[/topic]."


@app.command()
def copy(
    source: Annotated[str, typer.Argument(metavar="SOURCE_TAPE", help=f"The tape to copy: {Url}")],
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET_TAPE", help="Where to: a new tape, or a copy that was broken off."
        ),
    ],
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Copy a tape to another: keys, exact bytes, times of recording; then compare every record.

    The source may be in use; what it gets meanwhile is counted, and copied when the command is run
    again. The target must be in nobody's use, and hold nothing but a beginning of the same copy.
    Ends with code 1 where the two differ.
    """
    from infra.tape import TapeUnavailable
    from infra.tape.copying import CopyError
    from infra.tape.copying import copy as copied_of
    from infra.tape.opening import open_copy_source, open_copy_target

    _refuse_itself(source, target)
    with ExitStack() as stack:
        advance = stack.enter_context(output.progress())
        opened = stack.enter_context(closing(open_copy_source(source)))
        _lock(stack, target, data)
        into = stack.enter_context(closing(open_copy_target(target)))
        try:
            copied = copied_of(opened, into, progress=advance)
        except CopyError as error:
            raise Failed(str(error)) from error
        except TapeUnavailable as error:
            raise Unreachable(
                f"{error}; the same command goes on where this one stopped"
            ) from error
    if as_json:
        output.write_json(_as_json(source, target, copied))
    else:
        _tell(copied)


def _refuse_itself(source: str, target: str) -> None:
    from infra.tape.opening import file_of

    files = file_of(source), file_of(target)
    same = files[0].resolve() == files[1].resolve() if files[0] and files[1] else source == target
    if same:
        raise Misused(f"{target} is the tape to be copied; name another target")


def _lock(stack: ExitStack, target: str, data: "Path | None") -> None:
    """Take the folders that a platform would have that appends to the target."""
    from infra.lock import DataLock

    for folder in _folders(target, data):
        stack.enter_context(DataLock.acquire(folder, "copy"))


def _folders(target: str, data: "Path | None") -> Iterator["Path"]:
    from infra.settings import DataSettings, load
    from infra.tape.opening import file_of

    settings = load(DataSettings, data=data)
    path = file_of(target)
    if path is not None:
        yield path.absolute().parent
    if settings.tape == target and (path is None or path.absolute().parent != settings.data):
        yield settings.data


def _as_json(source: str, target: str, copied: "Copied") -> dict[str, object]:
    return {
        "source": source,
        "target": target,
        "records": copied.records,
        "added": copied.added,
        "later": copied.later,
        "digest": copied.digest,
    }


def _tell(copied: "Copied") -> None:
    console = output.out()
    console.print(
        f"{copied.records:,} records are the same on both tapes; {copied.added:,} of them were "
        "copied now",
        style="bold",
        soft_wrap=True,
    )
    console.print(f"digest {copied.digest}", soft_wrap=True)
    if copied.later:
        output.note(
            f"{copied.later:,} came to the source too late for this run; run it again to copy them"
        )
