"""Opens the tape that a URL names: one scheme per size."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from infra import clock
from infra.tape.contract import Tape, TapeRefused
from infra.tape.sqlite import SQLiteTape


def open_tape(url: str, now: Callable[[], datetime] = clock.now) -> Tape:
    """Open the tape at `url`, such as ``sqlite:///var/lib/salestape/tape.sqlite``.

    The path is absolute; characters that mean something in a URL (``#``, ``?``, ``%``) are
    percent-encoded. Raises `TapeRefused` for a URL that names no tape, and what opening raises.
    """
    parts = urlsplit(url)
    if parts.scheme != "sqlite":
        raise TapeRefused(
            f"{parts.scheme or url!r} is no scheme of a tape; use sqlite:///path/to/tape.sqlite"
        )
    if parts.netloc or parts.query or parts.fragment or len(parts.path) < 2:
        raise TapeRefused(
            f"{url!r} names no file; a tape is named sqlite:///path/to/tape.sqlite, with three "
            "slashes and an absolute path"
        )
    return SQLiteTape(Path(unquote(parts.path)), now)
