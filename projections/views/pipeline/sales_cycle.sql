-- How long deals take from being opened to being won or lost.
--
-- The cycle of a deal is the time from its opening to its last closing, in days of 24 hours, weekends
-- too; what it was closed for between a closing and a reopening counts as well. A deal that says it
-- was closed before it was opened took 0 days. Deals that are open are not in it: of those opened
-- lately only the quick ones have closed, so look at trends by the period of closing, and beware of
-- the first periods of a tape. It does not say how long the customer had looked around before.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period the deals were closed in, NULL where none is asked for
-- * pipeline: pipeline the deals ran through
-- * won: deals won
-- * lost: deals lost
-- * median_days: median cycle of both, days, NULL below five
-- * p90_days: 90th percentile of the same, NULL below five
-- * won_median_days: median cycle of the deals won, NULL below five
-- * won_p90_days: 90th percentile of the same, NULL below five
-- * lost_median_days: median cycle of the deals lost, NULL below five
-- * lost_p90_days: 90th percentile of the same, NULL below five
--
-- key: slice, period, pipeline
-- why: startsWith(type, 'sales.deal.') AND deal IN
--     (
--         SELECT deal FROM sliced(deals, rep = owner, account = account, deal = deal, product = product, at = closed_at, entered = opened_at)
--         WHERE status IN ('won', 'lost') AND slice = row.slice AND isNotDistinctFrom(period, row.period)
--         AND pipeline = row.pipeline
--     )
SELECT
    slice,
    period,
    pipeline,
    length(won_days) AS won,
    length(lost_days) AS lost,
    median_of(arrayConcat(won_days, lost_days)) AS median_days,
    p90_of(arrayConcat(won_days, lost_days)) AS p90_days,
    median_of(won_days) AS won_median_days,
    p90_of(won_days) AS won_p90_days,
    median_of(lost_days) AS lost_median_days,
    p90_of(lost_days) AS lost_p90_days
FROM
(
    SELECT
        slice,
        period,
        pipeline,
        groupArrayIf(days, status = 'won') AS won_days,
        groupArrayIf(days, status = 'lost') AS lost_days
    FROM
    (
        SELECT
            slice,
            period,
            pipeline,
            status,
            greatest(dateDiff('second', opened_at, assumeNotNull(closed_at)), 0) / 86400 AS days
        FROM sliced(deals, rep = owner, account = account, deal = deal, product = product, at = closed_at, entered = opened_at)
        WHERE status IN ('won', 'lost')
    )
    GROUP BY slice, period, pipeline
)
ORDER BY period, slice, pipeline
