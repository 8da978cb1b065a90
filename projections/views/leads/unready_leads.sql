-- How many leads were not ready to buy when they came in.
--
-- Of those that somebody judged: the first assessment of readiness, or being qualified or unqualified
-- as not_ready, whichever came first. Who is judged is not drawn by lot: where only doubtful leads
-- are assessed, the share is too high.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period the leads came in, NULL where none is asked for
-- * source: where the leads come from, empty where unknown
-- * leads: leads that came in
-- * judged: those of which somebody said whether they are ready
-- * unready: those that were not
-- * unready_share: unready over judged
-- * unready_share_low: lower end of its 95 % interval
-- * unready_share_high: upper end of its 95 % interval
--
-- key: slice, period, source
-- formula: Wilson score interval (E. B. Wilson, JASA 22, 1927, 209-212)
-- why: lead IN
--     (
--         SELECT lead FROM sliced(leads, rep = rep, product = product, at = came_at)
--         WHERE slice = row.slice AND isNotDistinctFrom(period, row.period) AND source = row.source
--     )
SELECT
    slice,
    period,
    source,
    count() AS leads,
    countIf(ready IS NOT NULL) AS judged,
    countIf(NOT ready) AS unready,
    rate_of(unready, judged) AS unready_share,
    wilson_low(unready, judged) AS unready_share_low,
    wilson_high(unready, judged) AS unready_share_high
FROM sliced(leads, rep = rep, product = product, at = came_at)
GROUP BY slice, period, source
ORDER BY period, slice, leads DESC, source
