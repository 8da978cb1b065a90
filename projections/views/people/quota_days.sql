-- What each day of each quota asks for, and what was reached on it.
--
-- A quota is spread evenly over the days of its period, exactly: the days of a period add up to its
-- quota. Counts are what `quota_attainment` counts: deals on the day they closed in the calendar's time
-- zone, as `deal_credits` credits the rep with them, purchases and activities on their day of UTC. What is done
-- on a day without a quota is not in it. Quotas of the same rep and measure that are set for different
-- kinds of period, by the month and by the year, are different quotas, and what was done counts for
-- each; those of the same kind that overlap are one that asks for both. It knows no weekends.
--
-- * rep: sales rep
-- * measure: what is counted against the quota
-- * quota_period: kind of the quota's period: day, week, month, quarter, half_year or year
-- * currency: currency of quota and actual, empty for counts
-- * day: the day
-- * quota: part of the quota that falls on the day
-- * actual: what was reached on the day
--
-- key: rep, measure, quota_period, currency, day
-- why: type IN ('sales.quota.set.v1', 'sales.quota.revised.v1')
--         AND actor = row.rep AND ifNull(measure, 'won_amount') = row.measure
--         AND row.day BETWEEN period_start AND period_end AND ifNull(currency, '') = row.currency
--     OR row.measure IN ('won_amount', 'wins') AND startsWith(type, 'sales.deal.') AND deal IN
--         (SELECT deal FROM deal_credits WHERE rep = row.rep AND closed_on = row.day)
--     OR actor = row.rep AND toDate32(time) = row.day AND (
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
        SELECT rep, fact.1 AS measure, fact.2 AS currency, day, sum(fact.3) AS actual
        FROM
        (
            SELECT rep, day, [('won_amount', money, won_amount), ('wins', '', wins)] AS counted
            FROM won
            UNION ALL
            SELECT rep, day, [
                ('purchase_amount', rep_days.currency, purchase_amount),
                ('purchases', '', toDecimal128(purchases, 9)),
                ('activities', '', toDecimal128(activities, 9))
            ] AS counted
            FROM rep_days
        )
        ARRAY JOIN counted AS fact
        GROUP BY rep, measure, currency, day
    ),
    asked AS
    (
        SELECT
            rep,
            measure,
            currency,
            quota_period,
            dateDiff('day', period_start, period_end) + 1 AS length,
            arrayJoin(range(toUInt32(length))) AS n,
            period_start + toInt32(n) AS day,
            amount * (n + 1) / length - amount * n / length AS share
        FROM quotas
    )
SELECT
    asked.rep AS rep,
    asked.measure AS measure,
    asked.quota_period AS quota_period,
    asked.currency AS currency,
    asked.day AS day,
    sum(asked.share) AS quota,
    any(ifNull(done.actual, 0)) AS actual
FROM asked
LEFT ANY JOIN done ON done.rep = asked.rep AND done.measure = asked.measure AND done.currency = asked.currency AND done.day = asked.day
GROUP BY rep, measure, quota_period, currency, day
ORDER BY day, rep, measure, quota_period, currency
