-- What each rep has reached of each quota.
--
-- Attainment is actual over quota. A quota on won_amount or wins counts the deals that are won, on the
-- day they closed in the calendar's time zone: as `deal_credits` credits
-- the rep with them, by the share where the credit was split. One on purchase_amount or purchases counts the
-- purchases credited to the rep, one on activities the calls, emails, meetings and the like. Money counts
-- only in the quota's own currency. Expected by now is the quota's share of the days of the period gone
-- by: a straight line, which knows no season. Returns are not taken off.
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
--
-- key: rep, measure, period_start, period_end, currency
-- currency: a quota is held against what was reached in its own currency; attainment adds several up
-- why: type IN ('sales.quota.set.v1', 'sales.quota.revised.v1')
--         AND actor = row.rep AND ifNull(measure, 'won_amount') = row.measure
--         AND period_start = row.period_start AND ifNull(currency, '') = row.currency
--     OR row.measure IN ('won_amount', 'wins') AND startsWith(type, 'sales.deal.') AND deal IN
--         (
--             SELECT deal FROM deal_credits
--             WHERE rep = row.rep AND (row.currency = '' OR currency = row.currency)
--             AND closed_on BETWEEN row.period_start AND row.period_end
--         )
--     OR actor = row.rep AND toDate32(time) BETWEEN row.period_start AND row.period_end AND (
--         row.measure IN ('purchase_amount', 'purchases') AND type = 'sales.purchase.made.v1'
--         AND (row.currency = '' OR currency = row.currency)
--         OR row.measure = 'activities'
--         AND match(type, '^sales\\.(call|email\\.sent|meeting|demo|visit|note|presentation|proposal)\\.')
--     )
WITH
    won AS
    (
        SELECT rep, toString(deal_credits.currency) AS money, closed_on AS day, sum(share) AS wins, sum(credited) AS won_amount
        FROM deal_credits
        GROUP BY rep, money, day
    ),
    done AS
    (
        SELECT rep, fact.1 AS measure, fact.2 AS currency, day, fact.3 AS actual
        FROM won
        ARRAY JOIN [('won_amount', money, won_amount), ('wins', '', wins)] AS fact
        UNION ALL
        SELECT rep, fact.1 AS measure, fact.2 AS currency, day, fact.3 AS actual
        FROM rep_days
        ARRAY JOIN [
            ('purchase_amount', rep_days.currency, purchase_amount),
            ('purchases', '', toDecimal128(purchases, 9)),
            ('activities', '', toDecimal128(activities, 9))
        ] AS fact
    ),
    -- A quota once per month that it touches: what was done in other months need not be met.
    asked AS
    (
        SELECT
            *,
            arrayJoin(range(toRelativeMonthNum(period_start), toRelativeMonthNum(period_end) + 1)) AS month
        FROM quotas
    ),
    summed AS
    (
        SELECT
            asked.rep AS rep,
            asked.measure AS measure,
            asked.period_start AS period_start,
            asked.period_end AS period_end,
            asked.amount AS quota,
            asked.currency AS currency,
            any(asked.source) AS source,
            sumIf(done.actual, done.day >= asked.period_start AND done.day <= asked.period_end) AS actual
        FROM done
        RIGHT JOIN asked
            ON done.rep = asked.rep AND done.measure = asked.measure AND done.currency = asked.currency
            AND toRelativeMonthNum(done.day) = asked.month
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
