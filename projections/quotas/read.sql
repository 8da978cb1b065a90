-- One row per rep, measure, currency, first day and kind of period: the quota last set.
--
-- So a month's quota stands beside those of the quarter and the year that begin on the same day.
--
-- * measure: what is counted against the quota
-- * period_start: first day of the period
-- * period_end: last day of the period
-- * quota_period: day, week, month, quarter, half_year or year, whichever comes nearest to the days of the period
-- * amount: the quota, money or a number
-- * currency: currency of amount, empty where it is a number
-- * set_at: when it was last set
-- * source: where it comes from
SELECT
    rep,
    quota.measure AS measure,
    quota.period_start AS period_start,
    argMax(quota.period_end, place) AS period_end,
    quota_period,
    argMax(quota.amount, place) AS amount,
    quota.currency AS currency,
    argMax(quota.set_at, place) AS set_at,
    argMax(quota.source, place) AS source
FROM
(
    SELECT
        rep,
        quota,
        (quota.set_at, place) AS place,
        dateDiff('day', quota.period_start, quota.period_end) + 1 AS days,
        multiIf(days = 1, 'day', days <= 10, 'week', days <= 45, 'month', days <= 135, 'quarter', days <= 270, 'half_year', 'year') AS quota_period
    FROM rows
    ARRAY JOIN quotas AS quota, arrayEnumerate(quotas) AS place
)
GROUP BY rep, measure, period_start, quota_period, currency
