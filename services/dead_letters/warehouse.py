"""The dead letters as the warehouse has them: the records of its `tape` that are no events.

This source is there in every size. It asks the question `dead_letters`, so it works through
whatever answers questions.
"""

from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from infra.tape.dead_letters import Letter, Notice, Place

PAGE = 10_000
"""How many notices are asked for at once."""
LOT, LOT_BYTES = 500, 8 * 1024 * 1024
"""How many letters are asked for at once, and how many bytes of theirs."""

Ask = Callable[[str], Sequence[Mapping[str, Any]]]
"""Runs a statement; gives its rows by column, with values as JSON has them."""


class WarehouseLetters:
    """A source of dead letters, `infra.tape.dead_letters.DeadLetters`."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def notices(self) -> Iterator[Notice]:
        """Yield what letters there are, in the order of their places."""
        last = Place(0, -1)
        while True:
            rows = self._ask(
                "SELECT partition, offset, recorded_at, key, reason, size FROM dead_letters "
                f"WHERE partition > {last.partition} "
                f"OR (partition = {last.partition} AND toInt64(offset) > {last.offset}) "
                f"ORDER BY partition, offset LIMIT {PAGE}"
            )
            for row in rows:
                last = Place(int(row["partition"]), int(row["offset"]))
                yield Notice(
                    place=last,
                    recorded_at=datetime.fromisoformat(row["recorded_at"]),
                    key=row["key"],
                    reason=row["reason"],
                    size=int(row["size"]),
                )
            if len(rows) < PAGE:
                return

    def letters(self, notices: Sequence[Notice]) -> Iterator[Letter]:
        """Yield the letters of notices, in their order."""
        for lot in _lots(notices):
            places = ", ".join(f"({one.place.partition}, {one.place.offset})" for one in lot)
            rows = self._ask(
                "SELECT partition, offset, value FROM dead_letters "
                f"WHERE (partition, offset) IN ({places})"
            )
            values = {(row["partition"], row["offset"]): row["value"] for row in rows}
            for notice in lot:
                yield Letter(notice, b64decode(values[notice.place]))


def _lots(notices: Iterable[Notice]) -> Iterator[list[Notice]]:
    lot: list[Notice] = []
    size = 0
    for notice in notices:
        if lot and (len(lot) >= LOT or size + notice.size > LOT_BYTES):
            yield lot
            lot, size = [], 0
        lot.append(notice)
        size += notice.size
    if lot:
        yield lot
