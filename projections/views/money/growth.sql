-- How revenue grew from one period to the next, split into customers who are new, came back, bought more,
-- bought less, or are gone.
--
-- Revenue is what was won in deals, on the day they were closed last; as measures of their own, what was
-- purchased, less what was given back, each on its day, and what the books recognised, on the last day it
-- is told for, else its day. They overlap: a deal that was won may end in a purchase and in the books. A customer's revenue of a period is
-- compared with that of the period before: new, where there never was any in that currency; returned,
-- where there was some once, but not in the period before; expanded and shrunk, where there is more or
-- less; lost, where there is none. So before, new, returned and expanded, less shrunk and lost, is
-- revenue, to the cent. Revenue that names no customer counts as one customer of its own. Without periods
-- it goes by quarters; a period without revenue that follows another such one has no row. One that is not
-- over is marked immature: it can still grow, and who looks lost may still buy. Of customers who buy once a
-- year, lost says little about a quarter.
--
-- * slice: value of the dimension asked for, empty where none is; a segment is that of the period's first day
-- * period: first day of the period, NULL where none is asked for
-- * starts: first day of the period, a quarter where none is asked for
-- * measure: won, purchased or booked
-- * currency: currency of the revenue
-- * before: revenue of the period before
-- * new: revenue of customers who never had any
-- * returned: revenue of customers who had some once, and none in the period before
-- * expanded: more revenue of customers who had some in the period before
-- * shrunk: less revenue of customers who had some in the period before, and still have
-- * lost: revenue in the period before of customers who have none
-- * revenue: revenue of the period
-- * kept: revenue in both periods of the customers who had some in both: the smaller of the two
-- * growth: revenue over before, less 1; NULL where before is not above 0, or the period is not over
-- * customers_before: customers with revenue in the period before
-- * new_customers: customers who are new
-- * lost_customers: customers who are lost
-- * mature: 1 where the period is over, else 0
--
-- key: slice, period, starts, measure, currency
-- why: row.measure = 'won' AND startsWith(type, 'sales.deal.') AND deal IN (SELECT deal FROM deals WHERE status = 'won' AND deals.currency = row.currency)
--     OR row.measure = 'purchased' AND type IN ('sales.purchase.made.v1', 'sales.purchase.returned.v1') AND currency = row.currency
--     OR row.measure = 'booked' AND type = 'sales.revenue.booked.v1' AND currency = row.currency
WITH
    -- What is earned in a period is kept even where nobody asks for it: the next is compared with it.
    of_customers AS
    (
        SELECT measure, customer, currency, sumMap(map(toInt32(begins), amount)) AS earnings, arraySort(arrayMap(day -> toDate32(day), mapKeys(earnings))) AS told
        FROM
        (
            SELECT
                *,
                period_of(day, 'quarter') AS begins
            FROM
            (
                SELECT 'won' AS measure, account AS customer, toString(deals.currency) AS currency, assumeNotNull(amount) AS amount, local_day(assumeNotNull(closed_at)) AS day
                FROM deals
                WHERE status = 'won' AND amount != 0
                UNION ALL
                SELECT 'purchased', account, assumeNotNull(facts.currency), if(type = 'sales.purchase.made.v1', 1, -1) * assumeNotNull(facts.amount), local_day(time)
                FROM facts
                WHERE type IN ('sales.purchase.made.v1', 'sales.purchase.returned.v1')
                UNION ALL
                SELECT 'booked', account, assumeNotNull(facts.currency), assumeNotNull(facts.amount), ifNull(period_end, local_day(time))
                FROM facts
                WHERE type = 'sales.revenue.booked.v1'
            )
        )
        GROUP BY measure, customer, currency
    ),
    compared AS
    (
        SELECT
            measure,
            customer,
            currency,
            earnings,
            told[1] AS first,
            arrayJoin(arrayDistinct(arrayConcat(told, arrayMap(one -> periods_after(one, 1, 'quarter'), told)))) AS starts,
            earnings[toInt32(starts)] AS now,
            earnings[toInt32(periods_after(starts, -1, 'quarter'))] AS then
        FROM of_customers
        WHERE starts <= local_day(as_of())
    ),
    summed AS
    (
        SELECT
            slice,
            period,
            starts,
            measure,
            currency,
            sum(then) AS before,
            sumIf(now, starts = first) AS new,
            sumIf(now, then = 0 AND starts != first) AS returned,
            sumIf(now - then, then != 0 AND now > then) AS expanded,
            sumIf(then - now, then != 0 AND now != 0 AND now < then) AS shrunk,
            sumIf(then, now = 0 AND then > 0) AS lost,
            sum(now) AS revenue,
            sumIf(least(now, then), now > 0 AND then > 0) AS kept,
            countIf(then != 0) AS customers_before,
            countIf(starts = first) AS new_customers,
            countIf(then != 0 AND now = 0) AS lost_customers,
            periods_after(starts, 1, 'quarter') <= local_day(addMicroseconds(as_of(), 1)) AS mature
        FROM sliced(compared, account = customer, day = starts)
        GROUP BY slice, period, starts, measure, currency
    )
SELECT
    slice,
    period,
    starts,
    measure,
    currency,
    before,
    new,
    returned,
    expanded,
    shrunk,
    lost,
    revenue,
    kept,
    if(mature AND before > 0, toFloat64(revenue) / toFloat64(before) - 1, NULL) AS growth,
    customers_before,
    new_customers,
    lost_customers,
    mature
FROM summed
ORDER BY measure, currency, slice, starts
