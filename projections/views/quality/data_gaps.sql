-- How many deals are recorded with something missing or out of order, by what it is.
--
-- The gaps are those of `incomplete_deals`, which names the deals; one with two gaps counts under both, and
-- one at home twice counts twice, as it does everywhere. It counts all that there are, no sample, so there
-- is no interval.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period the deals were opened in, NULL where none is asked for
-- * gap: what is missing or out of order
-- * deals: deals with it
-- * open_deals: those of them that are open, so that it matters now
-- * latest: time of the last event of any of them
-- * idle_days: days since then: few where such records still come in
-- * example: the first of them by name
--
-- key: slice, period, gap
-- why: deal IN
--     (
--         SELECT deal FROM sliced(incomplete_deals, rep = owner, account = account, at = opened_at)
--         WHERE slice = row.slice AND isNotDistinctFrom(period, row.period) AND has(gaps, row.gap)
--     )
SELECT
    slice,
    period,
    gap,
    count() AS deals,
    countIf(status = 'open') AS open_deals,
    max(last_event_at) AS latest,
    dateDiff('day', latest, as_of()) AS idle_days,
    min(deal) AS example
FROM sliced(incomplete_deals, rep = owner, account = account, at = opened_at)
ARRAY JOIN gaps AS gap
GROUP BY slice, period, gap
ORDER BY period, slice, deals DESC, gap
