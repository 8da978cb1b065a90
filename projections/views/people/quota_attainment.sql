-- What each rep has reached of each quota.
--
-- Attainment is actual over quota. A quota on won_amount or wins counts the deals a rep owns that
-- are won, on the day they closed; one on purchase_amount or purchases counts the purchases credited
-- to the rep, one on activities the calls, emails, meetings and the like. Money counts only in the
-- quota's own currency. Expected by now is the quota's share of the days of the period gone by: a
-- straight line, which knows no season. Returns are not taken off.
--
-- * rep: sales rep
-- * measure: what is counted against the quota
-- * period_start: first day of the period
-- * period_end: last day of the period
-- * quota: what was set, money or a number
-- * currency: currency of quota and actual, empty for counts
-- * actual: what was reached so far
-- * attainment: actual over quota, NULL where the quota is 0
-- * gap: quota less actual, negative where it is exceeded
-- * expected_by_now: what a straight line through the period would have reached
-- * source: where the quota comes from
WITH
    done AS
    (
        SELECT owner AS rep, fact.1 AS measure, fact.2 AS currency, toDate32(assumeNotNull(closed_at)) AS day, sum(fact.3) AS actual
        FROM deals
        ARRAY JOIN [
            ('won_amount', toString(deals.currency), ifNull(amount, toDecimal128(0, 9))),
            ('wins', '', toDecimal128(1, 9))
        ] AS fact
        WHERE status = 'won'
        GROUP BY rep, measure, currency, day
        UNION ALL
        SELECT rep, fact.1 AS measure, fact.2 AS currency, day, sum(fact.3) AS actual
        FROM rep_days
        ARRAY JOIN [
            ('purchase_amount', rep_days.currency, purchase_amount),
            ('purchases', '', toDecimal128(purchases, 9)),
            ('activities', '', toDecimal128(activities, 9))
        ] AS fact
        GROUP BY rep, measure, currency, day
    ),
    summed AS
    (
        SELECT
            quotas.rep AS rep,
            quotas.measure AS measure,
            quotas.period_start AS period_start,
            quotas.period_end AS period_end,
            quotas.amount AS quota,
            quotas.currency AS currency,
            any(quotas.source) AS source,
            sumIf(done.actual, done.day >= quotas.period_start AND done.day <= quotas.period_end) AS actual
        FROM quotas
        LEFT JOIN done ON done.rep = quotas.rep AND done.measure = quotas.measure AND done.currency = quotas.currency
        GROUP BY rep, measure, period_start, period_end, quota, currency
    )
SELECT
    rep,
    measure,
    period_start,
    period_end,
    quota,
    currency,
    actual,
    if(quota != 0, toFloat64(actual) / toFloat64(quota), NULL) AS attainment,
    quota - actual AS gap,
    toDecimal128(
        toFloat64(quota) * greatest(0, least(1,
            (dateDiff('day', period_start, toDate32(as_of())) + 1) / (dateDiff('day', period_start, period_end) + 1)
        )),
        2
    ) AS expected_by_now,
    source
FROM summed
ORDER BY period_start, rep, measure
