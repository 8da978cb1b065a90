"""How dead letters are printed. Whatever a letter says of itself is made safe for a terminal."""

from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from services.cli import output

if TYPE_CHECKING:
    from infra.tape.dead_letters import Letter, Notice
    from services.dead_letters.choosing import Overview
    from services.dead_letters.replaying import Replayed

SHOWN_BYTES = 16 * 1024
TOLD_REASONS = 10
"""How many letters that stay where they are get a line of their own."""

BECAME = {
    "appended": "are on the tape now",
    "duplicate": "were there already",
    "conflict": "say something else than the event of their source and id, which counts",
    "good": "are events by now, and would be handed to the gateway",
    "rejected": "are events, and the gateway refuses them",
    "bad": "are no events yet",
}


def plain(text: str, *, lines: bool = False) -> str:
    """Return text with escapes in place of what a terminal would obey, or would not show.

    That is every character that cannot be printed; with `lines`, line breaks stay.
    """
    return "".join(
        one
        if one.isprintable() or (lines and one == "\n")
        else one.encode("unicode_escape").decode()
        for one in text
    )


def overview_as_json(found: "Overview") -> dict[str, Any]:
    """Return an overview as JSON has it."""
    return {
        "letters": found.count,
        "reasons": [
            {
                "reason": kind.reason,
                "count": kind.count,
                "last": kind.last.isoformat(),
                "samples": [str(place) for place in kind.samples],
            }
            for kind in found.kinds
        ],
        "latest": [_notice_as_json(notice) for notice in found.latest],
    }


def _notice_as_json(notice: "Notice") -> dict[str, Any]:
    return {
        "place": str(notice.place),
        "recorded_at": notice.recorded_at.isoformat(),
        "key": notice.key,
        "stage": notice.stage,
        "reason": notice.reason,
        "size": notice.size,
    }


def letter_as_json(letter: "Letter") -> dict[str, Any]:
    """Return a letter as JSON has it; `value` is its bytes in Base64."""
    value = b64encode(letter.value).decode()
    return _notice_as_json(letter.notice) | {"headers": dict(letter.headers), "value": value}


def replayed_as_json(one: "Replayed") -> dict[str, Any]:
    """Return what became of a letter as JSON has it."""
    return {"place": str(one.notice.place), "became": one.became, "reason": one.reason}


def tell_overview(found: "Overview") -> None:
    """Print kinds of reasons, then single letters."""
    from rich.table import Table
    from rich.text import Text

    console = output.out()
    if not found.count:
        output.note("no dead letters")
        return
    kinds = Table(box=None, pad_edge=False, header_style="bold")
    kinds.add_column("letters", justify="right")
    kinds.add_column("last recorded", no_wrap=True)
    kinds.add_column("for example", no_wrap=True)
    kinds.add_column("reason", overflow="fold")
    for kind in found.kinds:
        kinds.add_row(
            f"{kind.count:,}",
            _moment(kind.last),
            " ".join(map(str, kind.samples)),
            Text(plain(kind.reason)),
        )
    console.print(kinds)
    if found.latest:
        latest = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("letter", "recorded", "bytes", "key"):
            latest.add_column(heading, justify="right" if heading == "bytes" else "left")
        latest.add_column("reason", overflow="fold")
        for notice in found.latest:
            latest.add_row(
                str(notice.place),
                _moment(notice.recorded_at),
                f"{notice.size:,}",
                Text(plain(notice.key)),
                Text(plain(notice.reason)),
            )
        console.print()
        console.print(latest)
    hidden = found.count - len(found.latest)
    output.note(f"{found.count:,} dead letters" + (f", {hidden:,} not listed" if hidden else ""))


def tell_letter(letter: "Letter") -> None:
    """Print one letter, its bytes as text."""
    console = output.out()
    notice = letter.notice
    facts = {
        "letter": str(notice.place),
        "recorded": _moment(notice.recorded_at),
        "key": notice.key,
        "stage": notice.stage,
        "reason": notice.reason,
        "size": f"{notice.size:,} bytes",
        **letter.headers,
    }
    for name, value in facts.items():
        console.print(f"{plain(name)}: {plain(value)}", soft_wrap=True)
    console.print()
    text = letter.value[:SHOWN_BYTES].decode(errors="backslashreplace")
    console.print(plain(text, lines=True), soft_wrap=True)
    if len(letter.value) > SHOWN_BYTES:
        output.note(f"these are the first {SHOWN_BYTES:,} bytes; --raw writes all of them")


def tell_replayed(found: Sequence["Replayed"]) -> None:
    """Print what became of letters, and why some stay where they are."""
    console = output.out()
    counts: Counter[str] = Counter(one.became for one in found)
    for became, words in BECAME.items():
        if count := counts[became]:
            console.print(f"{count:,} {words}", soft_wrap=True)
    staying = [one for one in found if not one.is_told]
    for one in staying[:TOLD_REASONS]:
        console.print(
            f"  {one.notice.place}: {plain(one.reason or '')}",
            style="yellow",
            soft_wrap=True,
        )
    if hidden := len(staying[TOLD_REASONS:]):
        output.note(f"and {hidden:,} more; --json tells all")
    if not found:
        output.note("no dead letters")


def _moment(moment: datetime) -> str:
    return output.moment(moment.replace(tzinfo=None).isoformat())
