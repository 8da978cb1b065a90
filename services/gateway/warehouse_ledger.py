"""The ledger as the gateway asks it, in SQL on the warehouse.

Read only. A bloom filter index on `id` and on `deal` keeps questions about few names cheap;
questions about thousands read those columns once.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from clickhouse_connect.driver.client import Client

from infra.warehouse import FAILURES, brief, code_of
from services.gateway.ledger import Known, LedgerUnavailable

LOT = 5_000
"""The most names in one question: they travel as a parameter, which is parsed as a literal."""

_NOT_THERE = (60, 81)  # ClickHouse's codes for no such table, no such database

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_WATERMARK = "SELECT partition, max(position) FROM sales_store.appended GROUP BY partition"

# One row per content of each pair, so that conflicts are found with what they are in conflict with.
_KNOWN = """
SELECT
    source,
    id,
    lower(hex(digest)),
    argMin(
        (type, toUnixTimestamp64Micro(time), account, deal, actor, subject, key, partition, offset),
        (recorded_at, partition, offset)
    ),
    min((recorded_at, partition, offset)) AS first
FROM sales_store.events
WHERE source IN {sources:Array(String)} AND id IN {ids:Array(String)}
GROUP BY source, id, digest
ORDER BY first
"""

# A record in conflict lies in the key of the first of its pair, whatever deal it names, so only
# the first ones tell where a deal is at home.
_HOMES = """
SELECT deal, argMin(key, first)
FROM
(
    SELECT
        key,
        argMin(deal, (recorded_at, partition, offset)) AS deal,
        min((recorded_at, partition, offset)) AS first
    FROM sales_store.events
    WHERE kind = 0
        AND key IN (
            SELECT key FROM sales_store.events WHERE kind = 0 AND deal IN {deals:Array(String)}
        )
    GROUP BY key, source, id
)
WHERE deal IN {deals:Array(String)}
GROUP BY deal
"""

_COUNT = "SELECT count() + uniq(deal) FROM sales_store.events"

# The layout is that of `services.gateway.names`.
_NAMES = """
SELECT
    bitShiftRight(name, {shift}) AS word,
    groupBitOr(arrayFold(
        (bits, n) -> bitOr(
            bits, bitShiftLeft(toUInt64(1), bitAnd(bitShiftRight(name, n), toUInt64(63)))
        ),
        [0, 6, 12, 18, 24, 30],
        toUInt64(0)
    )) AS bits
FROM
(
    SELECT halfMD5(concat(source, '\\n', id)) AS name FROM sales_store.events
    UNION ALL
    SELECT halfMD5(concat('\\n', deal)) AS name FROM sales_store.events WHERE deal != ''
)
GROUP BY word
ORDER BY word WITH FILL FROM 0 TO {words}
"""


class WarehouseLedger:
    """A `Ledger` over a warehouse; `client` is for it alone, calls on it run one by one."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def watermark(self) -> dict[int, int]:
        return {int(partition): int(position) for partition, position in self._rows(_WATERMARK)}

    def known(self, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Known]:
        found: dict[tuple[str, str], Known] = {}
        copies: dict[tuple[str, str], dict[str, tuple[int, int]]] = {}
        for lot in _lots(list(set(pairs))):
            wanted = set(lot)  # of the pairs that sources and ids make, these are asked for
            parameters = {
                "sources": sorted({source for source, _ in lot}),
                "ids": [name for _, name in lot],
            }
            for source, name, digest, record, _ in self._rows(_KNOWN, parameters):
                pair = (source, name)
                if pair not in wanted:
                    continue
                if pair in copies:
                    copies[pair][digest] = (int(record[7]), int(record[8]))
                else:
                    copies[pair] = {}
                    found[pair] = _known(digest, record, copies[pair])
        return found

    def homes(self, deals: Sequence[str]) -> dict[str, str]:
        homes: dict[str, str] = {}
        for lot in _lots(list(set(deals))):
            homes.update(self._rows(_HOMES, {"deals": lot}))
        return homes

    def count(self) -> int:
        return int(self._rows(_COUNT)[0][0])

    def names(self, exponent: int) -> bytes:
        sql = _NAMES.format(shift=64 - exponent, words=1 << exponent)
        with _told():
            words = self._client.query_arrow(sql).column("bits").combine_chunks()
        start = words.offset * 8
        return bytes(memoryview(words.buffers()[1])[start : start + (8 << exponent)])

    def _rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Sequence[Any]:
        with _told():
            return self._client.query(sql, parameters=dict(parameters or {})).result_rows


def _known(digest: str, record: Any, copies: dict[str, tuple[int, int]]) -> Known:
    kind, microseconds, account, deal, actor, subject, key, partition, offset = record
    return Known(
        digest=digest,
        type=kind,
        time=_EPOCH + timedelta(microseconds=microseconds),
        account=account or None,
        deal=deal or None,
        actor=actor or None,
        subject=subject or None,
        key=key,
        partition=int(partition),
        offset=int(offset),
        copies=copies,
    )


def _lots(names: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(names), LOT):
        yield names[start : start + LOT]


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except FAILURES as error:
        if code_of(error) in _NOT_THERE:
            raise LedgerUnavailable(
                "the warehouse has no tables yet; start a projector, which makes them"
            ) from error
        raise LedgerUnavailable(f"the warehouse cannot be asked: {brief(error)}") from error
