-- Of the deals that were closed, how many were won, and why the others were lost.
--
-- A deal counts on the day it was closed last; one that is open, or open again, does not count. The
-- rest is what a row is compared with: the other slices of the same period, or without slices the
-- other periods. A row is distinguishable where the 95 % interval of the difference of the two rates
-- leaves out 0; only then does its place say something, and the others stand behind in the order of
-- their names. Of twenty rows that are all alike, one is distinguishable by chance. It does not say
-- why: reps get different deals.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period the deals were closed in, NULL where none is asked for
-- * closed: deals won or lost
-- * won: deals won
-- * lost: deals lost
-- * win_rate: won over closed
-- * win_rate_low: lower end of its 95 % interval
-- * win_rate_high: upper end of its 95 % interval
-- * rest_closed: deals closed in the rest
-- * rest_rate: won over closed in the rest
-- * rest_rate_low: lower end of its 95 % interval
-- * rest_rate_high: upper end of its 95 % interval
-- * difference_low: lower end of the 95 % interval of the difference to the rest
-- * difference_high: upper end of the 95 % interval of the difference to the rest
-- * distinguishable: 1 where the rate differs from that of the rest by more than chance, else 0
-- * loss_reasons: why deals were lost, the most frequent first, with how many
-- * competitors: who won instead, the most frequent first, with how many
--
-- key: slice, period
-- formula: Wilson score interval (E. B. Wilson, JASA 22, 1927, 209-212); interval of the difference:
--     R. G. Newcombe, Statistics in Medicine 17, 1998, 873-890, method 10
-- why: startsWith(type, 'sales.deal.') AND deal IN
--     (
--         SELECT deal FROM sliced(deals, rep = owner, account = account, deal = deal, product = product, at = closed_at)
--         WHERE status IN ('won', 'lost') AND slice = row.slice AND isNotDistinctFrom(period, row.period)
--     )
-- explains: closed, won, lost, win_rate, win_rate_low, win_rate_high, loss_reasons, competitors
WITH
    counted AS
    (
        SELECT
            slice,
            period,
            count() AS closed,
            countIf(status = 'won') AS won,
            countIf(status = 'lost') AS lost,
            sumMapIf(map(reason, 1), status = 'lost' AND reason != '') AS reasons,
            sumMapIf(map(competitor, 1), competitor != '') AS rivals
        FROM sliced(deals, rep = owner, account = account, deal = deal, product = product, at = closed_at)
        WHERE status IN ('won', 'lost')
        GROUP BY slice, period
    ),
    compared AS
    (
        SELECT
            *,
            sum(counted.closed) OVER alike - closed AS rest_closed,
            sum(counted.won) OVER alike - won AS rest_won
        FROM counted
        WINDOW alike AS (PARTITION BY if(by() = '', NULL, period))
    ),
    rated AS
    (
        SELECT
            *,
            rate_of(won, closed) AS win_rate,
            wilson_low(won, closed) AS win_rate_low,
            wilson_high(won, closed) AS win_rate_high,
            rate_of(rest_won, rest_closed) AS rest_rate,
            wilson_low(rest_won, rest_closed) AS rest_rate_low,
            wilson_high(rest_won, rest_closed) AS rest_rate_high
        FROM compared
    ),
    told_apart AS
    (
        SELECT
            *,
            difference_low(win_rate, win_rate_low, win_rate_high, rest_rate, rest_rate_low, rest_rate_high) AS difference_low,
            difference_high(win_rate, win_rate_low, win_rate_high, rest_rate, rest_rate_low, rest_rate_high) AS difference_high
        FROM rated
    )
SELECT
    slice,
    period,
    closed,
    won,
    lost,
    win_rate,
    win_rate_low,
    win_rate_high,
    rest_closed,
    rest_rate,
    rest_rate_low,
    rest_rate_high,
    difference_low,
    difference_high,
    distinguishable(difference_low, difference_high) AS distinguishable,
    arraySort(told -> (-told.2, told.1), CAST(reasons, 'Array(Tuple(String, UInt64))')) AS loss_reasons,
    arraySort(told -> (-told.2, told.1), CAST(rivals, 'Array(Tuple(String, UInt64))')) AS competitors
FROM told_apart
ORDER BY period, distinguishable DESC, if(distinguishable, win_rate, NULL) DESC, slice
