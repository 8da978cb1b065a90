-- How often the expected close of deals is moved, how far, and what becomes of those deals.
--
-- A deal counts once it tells the day it is expected to close, with the moves of that day while it was
-- open. It is pushed out where the last day told is later than the first one, pulled in where it is
-- earlier, moved back where it is the same after all, and kept where it never moved. Closed deals
-- count on the day they were closed, open ones at the end of the range. Deals that are moved often
-- are open for longer and have more occasions to be moved, so that a low win rate of theirs does not
-- show that moving is what loses them.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period the deals were closed in, or the range ends in; NULL where none is asked for
-- * pipeline: pipeline the deals run through
-- * shift: kept, pushed out, pulled in or moved back
-- * deals: deals that tell when they are expected to close
-- * share: deals over all such deals of the pipeline
-- * share_low: lower end of its 95 % interval
-- * share_high: upper end of its 95 % interval
-- * moves: how often their day was moved
-- * moves_per_deal: moves over deals
-- * median_days: median of the days from the first day told to the last, negative where pulled in; NULL below five
-- * p90_days: 90th percentile of the same, by its size, NULL below five
-- * open: deals still open
-- * won: deals won
-- * lost: deals lost
-- * win_rate: won over won and lost
-- * win_rate_low: lower end of its 95 % interval
-- * win_rate_high: upper end of its 95 % interval
-- * late_median_days: median of the days from the first day told to the closing, of deals won, negative where earlier; NULL below five
--
-- key: slice, period, pipeline, shift
-- formula: Wilson score interval (E. B. Wilson, JASA 22, 1927, 209-212)
-- why: startsWith(type, 'sales.deal.') AND deal IN
--     (
--         SELECT deal FROM sliced(deals, rep = owner, account = account, deal = deal, product = product, at = ifNull(closed_at, until()))
--         WHERE slice = row.slice AND isNotDistinctFrom(period, row.period) AND pipeline = row.pipeline
--     )
WITH
    told AS
    (
        SELECT
            slice,
            period,
            pipeline,
            status,
            closed_at,
            arrayCompact(arrayMap(
                step -> assumeNotNull(step.expected_close),
                arrayFilter(step -> step.status = 'open' AND step.expected_close IS NOT NULL, changes)
            )) AS days,
            dateDiff('day', days[1], days[-1]) AS shifted
        FROM sliced(deals, rep = owner, account = account, deal = deal, product = product, at = ifNull(closed_at, until()))
        WHERE notEmpty(days)
    ),
    counted AS
    (
        SELECT
            slice,
            period,
            pipeline,
            multiIf(length(days) = 1, 'kept', shifted > 0, 'pushed out', shifted < 0, 'pulled in', 'moved back') AS shift,
            count() AS deals,
            sum(length(days) - 1) AS moves,
            groupArray(shifted) AS shifts,
            countIf(status = 'open') AS open,
            countIf(status = 'won') AS won,
            countIf(status = 'lost') AS lost,
            groupArrayIf(dateDiff('day', days[1], local_day(ifNull(closed_at, as_of()))), status = 'won') AS late
        FROM told
        GROUP BY slice, period, pipeline, shift
    )
SELECT
    slice,
    period,
    pipeline,
    shift,
    deals,
    rate_of(deals, all_deals) AS share,
    wilson_low(deals, all_deals) AS share_low,
    wilson_high(deals, all_deals) AS share_high,
    moves,
    moves / deals AS moves_per_deal,
    median_of(shifts) AS median_days,
    if(shift = 'pulled in', -p90_of(arrayMap(days -> -days, shifts)), p90_of(shifts)) AS p90_days,
    open,
    won,
    lost,
    rate_of(won, won + lost) AS win_rate,
    wilson_low(won, won + lost) AS win_rate_low,
    wilson_high(won, won + lost) AS win_rate_high,
    median_of(late) AS late_median_days
FROM (SELECT *, sum(deals) OVER (PARTITION BY slice, period, pipeline) AS all_deals FROM counted)
ORDER BY period, slice, pipeline, deals DESC, shift
