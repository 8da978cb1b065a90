"""After an unclean stop: is everything before the watermark really in the warehouse?

The watermark is written after the inserts it speaks of, so normally it is. Where a part was lost
all the same (a disk that lied), the watermark goes back to before the first hole, and so do the
positions of the derived tables; the loops then repeat what is missing.
"""

import logging

from clickhouse_connect.driver.client import Client

from services.projector import store

log = logging.getLogger(__name__)


def restore_watermark(client: Client) -> dict[int, int]:
    """Set the watermark back where records before it are missing; return the partitions set back."""
    back = {
        partition: hole
        for partition, position in store.watermark(client).items()
        if (hole := _first_hole(client, partition, position)) < position
    }
    for partition, hole in back.items():
        log.warning(
            "partition %s: records from offset %s are missing; appending again", partition, hole
        )
        _set_back(client, partition, hole)
    return back


def _first_hole(client: Client, partition: int, position: int) -> int:
    """Return the first offset before `position` that `tape` or the ledger lacks, else `position`."""
    held, valid, ledger = client.query(
        f"""
        SELECT
            (SELECT uniqExact(offset) FROM sales_store.tape WHERE partition = {partition} AND offset < {position}),
            (SELECT uniqExactIf(offset, valid = 1) FROM sales_store.tape WHERE partition = {partition} AND offset < {position}),
            (SELECT uniqExact(offset) FROM sales_store.events WHERE partition = {partition} AND offset < {position})
        """
    ).result_rows[0]
    first = position
    if held < position:
        first = int(
            client.query(
                f"""
                SELECT min(offset) FROM
                (
                    SELECT arrayJoin(range(from_offset + 1, to_offset)) AS offset FROM
                    (
                        SELECT offset AS to_offset, lagInFrame(toInt64(offset), 1, -1) OVER (ORDER BY offset) AS from_offset
                        FROM (SELECT DISTINCT offset FROM sales_store.tape WHERE partition = {partition} AND offset < {position}
                              UNION DISTINCT SELECT {position})
                    )
                    WHERE to_offset - from_offset > 1
                )
                """
            ).result_rows[0][0]
        )
    if ledger < valid:
        missing = client.query(
            f"""
            SELECT min(offset) FROM sales_store.tape
            WHERE partition = {partition} AND offset < {position} AND valid
                AND offset NOT IN (SELECT offset FROM sales_store.events WHERE partition = {partition})
            """
        ).result_rows[0][0]
        first = min(first, int(missing))
    return first


def _set_back(client: Client, partition: int, hole: int) -> None:
    # A crash in between leaves no watermark or no positions: both then start from 0, which is
    # slower and right.
    marks = store.watermark(client)
    followed = store.positions(client)
    marks[partition] = hole
    client.command("TRUNCATE TABLE sales_store.appended")
    store.write_watermark(client, marks)
    client.command("TRUNCATE TABLE sales_store.positions")
    for generation, position in followed.items():
        position[partition] = min(position.get(partition, 0), hole)
        store.write_positions(client, [generation], position)
