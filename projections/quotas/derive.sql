-- All quotas of a rep in the order (time, sequence, source, id); the reading takes the last.
SELECT
    key,
    actor AS rep,
    arrayMap(
        q -> CAST(
            (q.2, q.4, q.5, q.6, q.7, q.8, q.3),
            'Tuple(set_at DateTime64(6, \'UTC\'), measure String, period_start Date32, period_end Date32, amount Decimal(38, 9), currency String, source String)'
        ),
        arraySort(groupArrayIf(
            (moment, time, source, ifNull(measure, 'won_amount'), assumeNotNull(period_start),
             assumeNotNull(period_end), assumeNotNull(amount), ifNull(currency, '')),
            told
        ))
    ) AS quotas,
    sum(positions) AS version,
    countIf(told) = 0 AS is_deleted
FROM (SELECT *, live AND type IN ('sales.quota.set.v1', 'sales.quota.revised.v1') AS told FROM effective)
GROUP BY key, rep
