"""What can go wrong with an import as a whole, said for the person who started it.

A single row that is no event is not an error but a reject (`services.importers.summary`).
"""

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.importers.summary import Summary


class ImporterError(Exception):
    """The import cannot run: the folder, a file or a statement is wrong. Nothing was appended."""


class ImportStopped(ImporterError):
    """The import stopped midway. `summary` says what was appended until then.

    Running the same import again continues safely: what is already there is left alone.
    """

    def __init__(self, message: str, summary: "Summary") -> None:
        super().__init__(message)
        self.summary = summary


def nearest(wanted: str, known: Iterable[str]) -> str:
    """Return `` (did you mean 'x'?)`` for the known name nearest to `wanted`, or nothing."""
    by_folded = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(wanted.casefold(), by_folded, n=1, cutoff=0.6)
    return f" (did you mean {by_folded[found[0]]!r}?)" if found else ""
