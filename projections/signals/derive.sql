-- All steps of an account's signals in the order (time, sequence, source, id); the reading folds them.
SELECT
    key,
    account,
    arrayMap(
        s -> CAST(
            (s.2, s.3, s.4, s.5, s.6, s.7, s.8, s.9, s.10),
            'Tuple(time DateTime64(6, \'UTC\'), step LowCardinality(String), signal String, rule String, evidence String, actor String, note String, outcome String, source String)'
        ),
        arraySort(groupArrayIf(
            (moment, time, step, assumeNotNull(signal), ifNull(rule, ''), ifNull(evidence, ''), actor,
             coalesce(note, reason, ''), ifNull(outcome, ''), source),
            told
        ))
    ) AS steps,
    sum(positions) AS version,
    countIf(told) = 0 AS is_deleted
FROM
(
    SELECT
        *,
        multiIf(
            type = 'sales.signal.raised.v1', 'raised',
            type = 'sales.signal.acknowledged.v1', 'acknowledged',
            type = 'sales.signal.cleared.v1', 'cleared',
            ''
        ) AS step,
        live AND step != '' AS told
    FROM effective
)
GROUP BY key, account
