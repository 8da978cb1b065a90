"""After an unclean stop: is everything before the watermark really in the warehouse?

The watermark is written after the inserts it speaks of, so normally it is. Where a part was lost
all the same (a disk that lied), the watermark goes back to before the first hole, and so do the
positions of the derived tables; the loops then repeat what is missing.
"""

import logging

from clickhouse_connect.driver.client import Client

from services.projector import store

log = logging.getLogger(__name__)

HELD = """
SELECT
    (SELECT uniqExact(offset) FROM sales_store.tape WHERE {before}) AS held,
    (SELECT uniqExact(offset) FROM sales_store.tape WHERE {before} AND valid) AS valid,
    (SELECT uniqExact(offset) FROM sales_store.events WHERE {before}) AS ledger
"""

FIRST_OFFSET_WITHOUT_RECORD = """
SELECT min(before + 1)
FROM
(
    SELECT offset, lagInFrame(toInt64(offset), 1, -1) OVER (ORDER BY offset) AS before
    FROM
    (
        SELECT DISTINCT offset FROM sales_store.tape WHERE {before}
        UNION DISTINCT SELECT {position}
    )
)
WHERE offset > before + 1
"""

FIRST_OFFSET_WITHOUT_ROW = """
SELECT min(offset)
FROM sales_store.tape
WHERE {before} AND valid AND offset NOT IN (SELECT offset FROM sales_store.events WHERE {before})
"""


def restore_watermark(client: Client) -> dict[int, int]:
    """Set the watermark back where records before it are missing; return the partitions set back.

    The values are the new positions.
    """
    back = {
        partition: hole
        for partition, position in store.watermark(client).items()
        if (hole := _first_hole(client, partition, position)) < position
    }
    for partition, hole in back.items():
        log.warning("partition %s: offset %s is missing; appending again", partition, hole)
        _set_back(client, partition, hole)
    return back


def _first_hole(client: Client, partition: int, position: int) -> int:
    """Return the first offset before `position` that `tape` or the ledger lacks, else `position`.

    Offsets of a tape have no holes, so before a position lie as many records as it says.
    """
    before = f"partition = {partition} AND offset < {position}"

    def asked(query: str) -> tuple[int, ...]:
        rows = client.query(query.format(before=before, position=position)).result_rows
        return tuple(map(int, rows[0]))

    held, valid, ledger = asked(HELD)
    holes = [position]
    if held < position:
        holes += asked(FIRST_OFFSET_WITHOUT_RECORD)
    if ledger < valid:
        holes += asked(FIRST_OFFSET_WITHOUT_ROW)
    return min(holes)


def _set_back(client: Client, partition: int, hole: int) -> None:
    # A crash in between leaves no watermark or no positions: both then start from 0, which is
    # slower and right.
    marks = store.watermark(client)
    followed = store.positions(client)
    marks[partition] = hole
    store.empty(client, "appended")
    store.write_watermark(client, marks)
    store.empty(client, "positions")
    for generation, position in followed.items():
        position[partition] = min(position.get(partition, 0), hole)
        store.write_positions(client, [generation], position)
