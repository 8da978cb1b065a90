-- The one reading of the ledger that every derivation and every view of events goes through.
--
-- Per (scope, key, source, id): the record the tape learnt first is the event; the latest of its
-- amendments holds (a correction replaces time and data, a retraction makes it not live); an
-- amendment counts only where it names its target rightly (type, time, account, deal, rep).
-- An event that is not live is returned all the same, so that what loses all its events is still
-- derived, as deleted. So is every home (deal, account, rep, type) that any of the records names.
--
-- $scope       columns that narrow the reading beside the key, each followed by a comma, or nothing
-- $definitions what those columns are, over the ledger
-- $home        every home of a group, or the one home where the scope fixes it
-- $ledger      the table to read
-- $digest      the digest of a record, followed by a comma; nothing where it is a column like others
-- $target_source, $target_id  what a record is about: itself, or the target of an amendment
-- $beaten      true for a record that lost against an earlier one outside the scope
-- $only        the condition on the rows to read
SELECT
    $scope
    key,
    home.1 AS deal,
    home.2 AS account,
    home.3 AS actor,
    target_source AS source,
    target_id AS id,
    positions,
    contested,
    has_original AND home = (original.deal, original.account, original.actor, original.type) AND amendment.kind != 2 AS live,
    home.4 AS type,
    if(amendment.kind = 1, amendment.corrected_time, original.time) AS time,
    original.sequence AS sequence,
    original.subject AS subject,
    original.correlationid AS correlationid,
    original.causationid AS causationid,
    original.recorded_at AS recorded_at,
    original.partition AS partition,
    original.offset AS offset,
    amendment.recorded_at AS amended_at,
    amendment.kind AS amended_by,
    if(amendment.kind = 1, amendment.corrected_data, original.data) AS data
FROM
(
    SELECT
        *,
        arrayFilter(
            a -> (a.ref_type, a.filed_time, a.account, a.deal, a.actor)
                = (original.type, original.time, original.account, original.deal, original.actor),
            amendments
        ) AS rightly,
        arrayReverseSort(
            a -> (a.time, a.source, a.id),
            arrayFilter(
                a -> NOT arrayExists(
                    b -> (b.source, b.id) = (a.source, a.id)
                        AND (b.recorded_at, b.partition, b.offset)
                            < (a.recorded_at, a.partition, a.offset),
                    rightly
                ),
                rightly
            )
        )[1] AS amendment,
        $home AS home
    FROM
    (
        SELECT
            $scope
            key,
            target_source,
            target_id,
            uniqExact((partition, offset)) + uniqExactIf((partition, offset), beaten) AS positions,
            countIf(kind = 0 AND NOT beaten) > 0 AS has_original,
            uniqExactIf(digest, kind = 0) > 1 AS contested,
            argMinIf(
                CAST(
                    (type, time, sequence, subject, account, deal, actor, correlationid, causationid, recorded_at, partition, offset, data),
                    'Tuple(type String, time DateTime64(6, \'UTC\'), sequence UInt64, subject String, account String, deal String, actor String, correlationid String, causationid String, recorded_at DateTime64(6, \'UTC\'), partition UInt32, offset UInt64, data String)'
                ),
                (recorded_at, partition, offset),
                kind = 0 AND NOT beaten
            ) AS original,
            groupUniqArray((deal, account, actor, CAST(if(kind > 0, ref_type, type), 'String'))) AS homes,
            groupUniqArrayIf(
                CAST(
                    (kind, time, source, id, recorded_at, partition, offset, ref_type, filed_time, account, deal, actor, corrected_time, corrected_data),
                    'Tuple(kind UInt8, time DateTime64(6, \'UTC\'), source String, id String, recorded_at DateTime64(6, \'UTC\'), partition UInt32, offset UInt64, ref_type String, filed_time DateTime64(6, \'UTC\'), account String, deal String, actor String, corrected_time DateTime64(6, \'UTC\'), corrected_data String)'
                ),
                kind > 0
            ) AS amendments
        FROM
        (
            SELECT
                *,
                $digest
                $target_source AS target_source,
                $target_id AS target_id,
                $definitions
                $beaten AS beaten
            FROM $ledger
            WHERE $only
        )
        GROUP BY $scope key, target_source, target_id
    )
)
