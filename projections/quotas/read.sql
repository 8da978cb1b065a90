-- One row per rep, measure, currency and period start: the quota last set.
--
-- * measure: what is counted against the quota
-- * period_start: first day of the period
-- * period_end: last day of the period
-- * amount: the quota, money or a number
-- * currency: currency of amount, empty where it is a number
-- * set_at: when it was last set
-- * source: where it comes from
SELECT
    rep,
    quota.measure AS measure,
    quota.period_start AS period_start,
    argMax(quota.period_end, place) AS period_end,
    argMax(quota.amount, place) AS amount,
    quota.currency AS currency,
    argMax(quota.set_at, place) AS set_at,
    argMax(quota.source, place) AS source
FROM
(
    SELECT rep, quota, (quota.set_at, place) AS place
    FROM rows
    ARRAY JOIN quotas AS quota, arrayEnumerate(quotas) AS place
)
GROUP BY rep, measure, period_start, currency
