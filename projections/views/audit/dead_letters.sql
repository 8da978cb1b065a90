-- The records of the tape that are no events, each with its exact bytes and the reason.
--
-- They count nowhere; `salestape dlq` shows them, and puts those on the tape again that have become
-- events, since their type was added. Nothing says when what they told of happened, so `as_of`
-- leaves them as they are; `known_at` bounds them.
--
-- * partition: partition of the tape
-- * offset: place in the partition
-- * recorded_at: when the tape learnt it
-- * key: partition key it was appended with
-- * reason: why it is no event
-- * size: its bytes
-- * value: exact bytes, in Base64
--
-- key: partition, offset
-- why: none, because what it lists are records that are no events.
SELECT
    partition,
    offset,
    any(record.recorded_at) AS recorded_at,
    any(record.key) AS key,
    any(record.reason) AS reason,
    any(length(record.value)) AS size,
    base64Encode(any(record.value)) AS value
FROM tape AS record
WHERE valid = 0
GROUP BY partition, offset
ORDER BY partition, offset
