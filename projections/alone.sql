-- The short way of the effective reading, for most of a ledger: a record that stands alone in its
-- group (no repeat, no conflict, no amendment) is its effective event as it is. What shares its
-- group with another goes through effective.sql.
--
-- $scope       columns that narrow the reading beside the key, each followed by a comma, or nothing
-- $definitions what those columns are, over the ledger
-- $ledger      the table to read
-- $only        the condition on the rows to read, which leaves out the groups that have others
SELECT
    $scope
    key,
    deal,
    account,
    actor,
    source,
    id,
    toUInt64(1) AS positions,
    toUInt8(0) AS contested,
    toUInt8(1) AS live,
    CAST(type, 'String') AS type,
    time,
    sequence,
    subject,
    correlationid,
    causationid,
    recorded_at,
    partition,
    offset,
    toDateTime64(0, 6, 'UTC') AS amended_at,
    toUInt8(0) AS amended_by,
    data
FROM
(
    SELECT $definitions *
    FROM $ledger
    WHERE $only
)
