-- How many customers bought again, after how long, and how many came back after a pause.
--
-- A customer counts when first buying; a repeat is a purchase on a later day, since two orders of one day
-- are often one. A row is mature where no customer of it who has not bought again is younger than the
-- time within which nine of ten second purchases of the answer came, where there are five; before that
-- its rate can only rise, and must not be read as a fall. The own rhythm is the median gap between a
-- customer's days with a purchase, known from three such days on. A pause is a gap of more than three
-- times the own rhythm, and of at least 14 days, as the rule off_rhythm of churn_signals has it; the
-- time since the last purchase is one as well. Reactivated is who bought again after a pause. It does
-- not say what brought them back.
--
-- * slice: value of the dimension asked for, empty where none is; a segment is that of the first purchase
-- * period: first day of the period of the first purchase, NULL where none is asked for
-- * customers: customers who bought
-- * repeat_customers: those who bought on a later day again
-- * repeat_rate: repeat_customers over customers
-- * repeat_rate_low: lower end of its 95 % interval
-- * repeat_rate_high: upper end of its 95 % interval
-- * undecided: not bought again and younger than that time, all not bought again where it is not known
-- * mature: 1 where time enough has gone by, else 0
-- * median_days_to_second: median days from the first day with a purchase to the second, NULL below five
-- * gaps: gaps between days with a purchase
-- * median_gap_days: their median, days, NULL below five
-- * p90_gap_days: their 90th percentile, days, NULL below five
-- * paused: customers who ever made a pause, or are in one
-- * reactivated: those of them who bought again after one
-- * reactivation_rate: reactivated over paused
-- * reactivation_rate_low: lower end of its 95 % interval
-- * reactivation_rate_high: upper end of its 95 % interval
--
-- key: slice, period
-- formula: Wilson score interval (E. B. Wilson, JASA 22, 1927, 209-212)
-- why: type = 'sales.purchase.made.v1' AND account IN
--     (
--         SELECT account
--         FROM sliced((SELECT * FROM accounts WHERE accounts.purchases > 0), account = account, at = assumeNotNull(first_purchase_at))
--         WHERE slice = row.slice AND isNotDistinctFrom(period, row.period)
--     )
-- explains: customers, repeat_customers, repeat_rate, repeat_rate_low, repeat_rate_high,
--     median_days_to_second, gaps, median_gap_days, p90_gap_days, paused, reactivated,
--     reactivation_rate, reactivation_rate_low, reactivation_rate_high
WITH
    bought AS
    (
        SELECT
            slice,
            period,
            arrayPopFront(arrayDifference(arrayMap(day -> toInt32(day), purchase_days))) AS gaps,
            toInt32(toDate32(as_of())) - toInt32(purchase_days[-1]) AS idle,
            if(length(gaps) >= 2, greatest(14, 3 * arrayReduce('quantileExactInclusive(0.5)', gaps)), NULL) AS longest,
            if(length(gaps) > 0, gaps[1], NULL) AS second,
            if(enough(count(second) OVER ()), quantileExactInclusive(0.9)(second) OVER (), NULL) AS usual
        FROM sliced((SELECT * FROM accounts WHERE accounts.purchases > 0), account = account, at = assumeNotNull(first_purchase_at))
    ),
    counted AS
    (
        SELECT
            slice,
            period,
            count() AS customers,
            count(second) AS repeat_customers,
            countIf(second IS NULL AND ifNull(idle < usual, true)) AS undecided,
            median_of(groupArray(second)) AS median_days_to_second,
            groupArrayArray(gaps) AS all_gaps,
            countIf(ifNull(greatest(arrayMax(gaps), idle) > longest, false)) AS paused,
            countIf(ifNull(arrayMax(gaps) > longest, false)) AS reactivated
        FROM bought
        GROUP BY slice, period
    )
SELECT
    slice,
    period,
    customers,
    repeat_customers,
    rate_of(repeat_customers, customers) AS repeat_rate,
    wilson_low(repeat_customers, customers) AS repeat_rate_low,
    wilson_high(repeat_customers, customers) AS repeat_rate_high,
    undecided,
    undecided = 0 AS mature,
    median_days_to_second,
    length(all_gaps) AS gaps,
    median_of(all_gaps) AS median_gap_days,
    p90_of(all_gaps) AS p90_gap_days,
    paused,
    reactivated,
    rate_of(reactivated, paused) AS reactivation_rate,
    wilson_low(reactivated, paused) AS reactivation_rate_low,
    wilson_high(reactivated, paused) AS reactivation_rate_high
FROM counted
ORDER BY period, slice
