-- Recurring revenue by month, or what period is asked for: won, grown, shrunk and lost, and how much of
-- it was kept.
--
-- Recurring revenue is what a customer's subscriptions pay a month: the amount over the months of the
-- billing period, as told last; a subscription that never told one is billed by the month. It is nothing
-- while paused, and from the cancellation on, though it may be paid for longer; renewed after that, it
-- goes on. A customer's revenue at the end of a period is compared with that at its start: new, where the
-- customer never had any; returned, where there was some once, but not at the start; expanded and
-- contracted, where there is more or less; lost, where none is left. So opening, new, returned and
-- expanded, less contracted and lost, is closing. Periods without an event of a subscription have no
-- row. Retention of a period that is not over can still fall: it is marked immature and has none. What
-- is billed once, or by use, is not in it, nor customers whose subscriptions were never told to start.
--
-- * slice: empty, since revenue of a customer lies in no part of the department
-- * period: first day of the period, NULL where none is asked for
-- * starts: first day of the period, a month where none is asked for
-- * ends: last day of the period
-- * currency: currency of the revenue
-- * customers: customers with revenue at the start
-- * opening: revenue a month at the start
-- * new: revenue a month of customers who never had any
-- * returned: revenue a month of customers who had some once, and none at the start
-- * expanded: more revenue a month of customers who had some at the start
-- * contracted: less revenue a month of customers who still have some
-- * lost: revenue a month at the start of customers who have none at the end
-- * closing: revenue a month at the end, or now
-- * gross_retention: opening less contracted and lost, over opening; NULL before the period is over
-- * net_retention: the same with expanded added, over opening
-- * lost_customers: customers with revenue at the start and none at the end
-- * churn: lost_customers over customers, NULL before the period is over
-- * churn_low: lower end of its 95 % interval
-- * churn_high: upper end of its 95 % interval
-- * mature: 1 where the period is over, else 0
--
-- key: slice, period, starts, currency
-- formula: Wilson score interval (E. B. Wilson, JASA 22, 1927, 209-212)
-- why: startsWith(type, 'sales.subscription.') AND local_day(time) <= row.ends
WITH
    billed AS
    (
        SELECT
            account,
            assumeNotNull(subscription) AS name,
            time,
            moment AS place,
            ifNull(anyLast(facts.currency) OVER so_far, '') AS currency,
            anyLast(billing_period) OVER so_far AS billing,
            if(
                type = 'sales.subscription.cancelled.v1' OR ifNull(subscription_change = 'pause', false),
                toDecimal128(0, 9),
                assumeNotNull(amount) / multiIf(billing = 'year', 12, billing = 'half_year', 6, billing = 'quarter', 3, 1)
            ) AS paid
        FROM facts
        WHERE startsWith(type, 'sales.subscription.') AND account != ''
        WINDOW so_far AS (PARTITION BY account, subscription ORDER BY time, sequence, source, id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    ),
    -- An event takes back what was paid before it: in the currency of then, should that change.
    moved AS
    (
        SELECT account, time, place, change.1 AS currency, sum(change.2) AS delta
        FROM
        (
            SELECT
                account,
                time,
                place,
                (currency, paid) AS now,
                lagInFrame(toNullable((billed.currency, billed.paid)), 1, NULL) OVER (PARTITION BY account, name ORDER BY place ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before
            FROM billed
        )
        ARRAY JOIN [now, (ifNull(before.1, ''), -ifNull(before.2, 0))] AS change
        WHERE change.1 != ''
        GROUP BY account, time, place, currency
    ),
    ran AS
    (
        SELECT
            *,
            sum(delta) OVER mine AS after,
            countIf(delta > 0) OVER mine > toUInt8(delta > 0) AS had,
            sum(delta) OVER (PARTITION BY currency ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS total
        FROM moved
        WINDOW mine AS (PARTITION BY account, currency ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    ),
    counted AS
    (
        SELECT
            *,
            toInt64(after > 0) - toInt64(after - delta > 0) AS gained,
            sum(gained) OVER (PARTITION BY currency ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) - gained AS holders
        FROM ran
    ),
    of_customers AS
    (
        SELECT
            slice,
            period,
            ifNull(period, first_day(local_day(time), 'month')) AS starts,
            account,
            currency,
            min((place, total - delta, holders)) AS first,
            argMin((after - delta, had), place) AS at_start,
            at_start.1 AS from,
            argMax(after, place) AS to
        FROM sliced(counted, at = time)
        GROUP BY slice, period, starts, account, currency
    ),
    summed AS
    (
        SELECT
            slice,
            period,
            starts,
            periods_after(starts, 1, 'month') - 1 AS ends,
            currency,
            ends < local_day(addMicroseconds(as_of(), 1)) AS mature,
            min(first) AS start,
            start.2 AS opening,
            start.3 AS customers,
            sumIf(to, from = 0 AND NOT at_start.2) AS new,
            sumIf(to, from = 0 AND at_start.2) AS returned,
            sumIf(to - from, from > 0 AND to > from) AS expanded,
            sumIf(from - to, to > 0 AND to < from) AS contracted,
            sumIf(from, from > 0 AND to = 0) AS lost,
            countIf(from > 0 AND to = 0) AS lost_customers
        FROM of_customers
        GROUP BY slice, period, starts, currency
    )
SELECT
    slice,
    period,
    starts,
    ends,
    currency,
    customers,
    opening,
    new,
    returned,
    expanded,
    contracted,
    lost,
    opening + new + returned + expanded - contracted - lost AS closing,
    if(mature, rate_of(opening - contracted - lost, opening), NULL) AS gross_retention,
    if(mature, rate_of(opening - contracted - lost + expanded, opening), NULL) AS net_retention,
    lost_customers,
    if(mature, rate_of(lost_customers, customers), NULL) AS churn,
    if(mature, wilson_low(lost_customers, customers), NULL) AS churn_low,
    if(mature, wilson_high(lost_customers, customers), NULL) AS churn_high,
    mature
FROM summed
ORDER BY currency, starts
