-- Read from the ledger itself, but only for the keys in which a pair of source and id has two
-- contents: those are rare, and the effective reading finds them in passing.
SELECT
    key,
    later.partition AS partition,
    later.offset AS offset,
    source,
    id,
    later.type AS type,
    later.day AS day,
    later.actor AS actor,
    later.deal AS deal,
    later.recorded_at AS recorded_at,
    toUInt64(1) AS version,
    toUInt8(0) AS is_deleted
FROM
(
    SELECT
        key,
        source,
        id,
        argMin(digest, (recorded_at, partition, offset)) AS first_digest,
        arrayJoin(groupUniqArray(CAST(
            (partition, offset, type, toDate32(filed_time), actor, deal, recorded_at, digest),
            'Tuple(partition UInt32, offset UInt64, type String, day Date32, actor String, deal String, recorded_at DateTime64(6, \'UTC\'), digest FixedString(16))'
        ))) AS later
    FROM sales_store.events
    WHERE kind = 0 AND key IN (SELECT key FROM effective WHERE contested)
    GROUP BY key, source, id
)
WHERE later.digest != first_digest
