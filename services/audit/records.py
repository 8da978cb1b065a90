"""The records of a deal as the ledger holds them: every one that bears on it, unjudged."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from clickhouse_connect.driver.client import Client

Kind = Literal[0, 1, 2]
"""0 event, 1 correction, 2 retraction."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Whatever shares a pair of source and id with a record of the deal bears on it, be it under another
# deal: an earlier record there wins over one here.
_RECORDS = """
WITH
    named AS
    (
        SELECT
            key,
            if(kind > 0, ref_source, source) AS target_source,
            if(kind > 0, ref_id, id) AS target_id
        FROM sales_store.events
        WHERE deal = {deal:String}
    )
SELECT
    key, deal, account, actor, kind, type, source, id, sequence,
    toUnixTimestamp64Micro(time), toUnixTimestamp64Micro(filed_time),
    toUnixTimestamp64Micro(recorded_at), toUnixTimestamp64Micro(corrected_time),
    partition, offset, ref_source, ref_id, ref_type, corrected_data, lower(hex(digest)), data
FROM sales_store.events
WHERE key IN (SELECT key FROM named)
    AND (key, if(kind > 0, ref_source, source), if(kind > 0, ref_id, id))
        IN (SELECT key, target_source, target_id FROM named)
"""

_NEAR = """
WITH lower({deal:String}) AS wanted
SELECT deal
FROM (SELECT DISTINCT deal FROM sales_store.events WHERE deal != '')
WHERE editDistance(lower(deal), wanted) <= greatest(2, intDiv(length(wanted), 4))
    OR startsWith(lower(deal), wanted)
ORDER BY editDistance(lower(deal), wanted), deal
LIMIT 5
"""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a record lies on the tape, and when the tape learnt it; in the order of learning."""

    recorded_at: datetime
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class LedgerRecord:
    """One record of the ledger. A name that is not told is empty."""

    key: str
    deal: str
    account: str
    actor: str
    kind: Kind
    type: str
    source: str
    id: str
    sequence: int
    time: datetime
    filed_time: datetime
    """Of an amendment the time of its target, else its own."""
    place: Place
    ref_source: str
    ref_id: str
    ref_type: str
    corrected_time: datetime
    corrected_payload: Mapping[str, Any]
    digest: str
    payload: Mapping[str, Any]

    @property
    def about(self) -> tuple[str, str, str]:
        """The key, and the source and id of the event that the record is, or amends."""
        if self.kind:
            return (self.key, self.ref_source, self.ref_id)
        return (self.key, self.source, self.id)


def records_of(client: Client, deal: str) -> list[LedgerRecord]:
    """Return the records that bear on a deal, in the order in which the tape learnt them."""
    rows = client.query(_RECORDS, parameters={"deal": deal}).result_rows
    # A record appended twice after a crash is one record until the engine merges its two rows.
    found = {(row[13], row[14]): _record(row) for row in rows}
    return sorted(found.values(), key=lambda record: record.place)


def deals_near(client: Client, deal: str) -> list[str]:
    """Return ids of deals that are like an id, the nearest first; at most five."""
    return [row[0] for row in client.query(_NEAR, parameters={"deal": deal}).result_rows]


def _record(row: Any) -> LedgerRecord:
    (
        key, deal, account, actor, kind, kind_name, source, name, sequence,
        time, filed_time, recorded_at, corrected_time,
        partition, offset, ref_source, ref_id, ref_type, corrected_data, digest, data,
    ) = row  # fmt: skip
    return LedgerRecord(
        key=key,
        deal=deal,
        account=account,
        actor=actor,
        kind=kind,
        type=kind_name,
        source=source,
        id=name,
        sequence=int(sequence),
        time=_moment(time),
        filed_time=_moment(filed_time),
        place=Place(_moment(recorded_at), int(partition), int(offset)),
        ref_source=ref_source,
        ref_id=ref_id,
        ref_type=ref_type,
        corrected_time=_moment(corrected_time),
        corrected_payload=json.loads(corrected_data) if corrected_data else {},
        digest=digest,
        payload=json.loads(data),
    )


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=int(microseconds))
