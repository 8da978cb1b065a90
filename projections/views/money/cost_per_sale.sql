-- What a sale costs: money spent over deals won, and over purchases made.
--
-- Spend counts on its day, a deal on the day it was closed, a purchase on the day it was made; none waits
-- for the other, so what is spent in one period may sell in the next. A row is of the money spent in one
-- currency; what was sold counts in each row of its slice and period, in whatever currency. A purchase
-- that a deal led to is a sale of its own: use the one that your business counts. The interval says what
-- chance does to the number of sales, taken for a Poisson number, as if the spend were certain. Spend
-- that was never recorded, such as salaries, makes a sale look cheap.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period, NULL where none is asked for
-- * currency: currency of the spend, empty where nothing was spent
-- * spent: money spent, for whatever purpose
-- * acquisition: money spent to win new customers
-- * retention: money spent to keep customers
-- * wins: deals won
-- * cost_per_win: spent over wins, NULL where there are none or nothing was spent
-- * cost_per_win_low: lower end of its 95 % interval
-- * cost_per_win_high: upper end of its 95 % interval
-- * purchases: purchases made, on their day of UTC, without those that no rep was credited with
-- * cost_per_purchase: spent over purchases, NULL where there are none or nothing was spent
-- * cost_per_purchase_low: lower end of its 95 % interval
-- * cost_per_purchase_high: upper end of its 95 % interval
--
-- key: slice, period, currency
-- formula: Byar's interval of a Poisson number (N. E. Breslow and N. E. Day, Statistical Methods in Cancer
--     Research II, 1987, p. 69)
-- why: (type = 'sales.spend.incurred.v1' OR type = 'sales.purchase.made.v1' AND actor != '') AND (source, id) IN
--     (
--         SELECT source, id
--         FROM sliced((SELECT source, id, actor, if(type = 'sales.purchase.made.v1', toDate32(time), local_day(time)) AS day FROM events WHERE type IN ('sales.spend.incurred.v1', 'sales.purchase.made.v1')), rep = actor, day = day)
--         WHERE slice = row.slice AND isNotDistinctFrom(period, row.period)
--     )
--     OR startsWith(type, 'sales.deal.') AND deal IN
--     (
--         SELECT deal
--         FROM sliced((SELECT deal, owner, local_day(assumeNotNull(closed_at)) AS day FROM deals WHERE status = 'won'), rep = owner, day = day)
--         WHERE slice = row.slice AND isNotDistinctFrom(period, row.period)
--     )
WITH
    summed AS
    (
        SELECT
            slice,
            period,
            sum(told.wins) AS wins,
            sum(told.purchases) AS purchases,
            sumMapIf(map(currency, amount), amount != 0) AS costs,
            sumMapIf(map(currency, amount), purpose = 'acquisition') AS winning,
            sumMapIf(map(currency, amount), purpose = 'retention') AS keeping
        FROM sliced(
            (
                SELECT rep, local_day(time) AS day, assumeNotNull(facts.currency) AS currency, assumeNotNull(facts.amount) AS amount, ifNull(facts.purpose, '') AS purpose, 0 AS wins, 0 AS purchases
                FROM facts
                WHERE type = 'sales.spend.incurred.v1'
                UNION ALL
                SELECT owner AS rep, local_day(assumeNotNull(closed_at)) AS day, '', 0, '', count() AS wins, 0
                FROM deals
                WHERE status = 'won'
                GROUP BY rep, day
                UNION ALL
                SELECT rep, rep_days.day AS day, '', 0, '', 0, sum(rep_days.purchases)
                FROM rep_days
                WHERE rep_days.purchases > 0
                GROUP BY rep, day
            ),
            rep = rep, day = day
        ) AS told
        GROUP BY slice, period
    ),
    spent AS
    (
        SELECT
            slice,
            period,
            cost.1 AS currency,
            cost.2 AS spent,
            winning[currency] AS acquisition,
            keeping[currency] AS retention,
            wins,
            purchases,
            nullIf(toFloat64(cost.2), 0) AS money,
            poisson_low(wins) AS wins_low,
            poisson_high(wins) AS wins_high,
            poisson_low(purchases) AS purchases_low,
            poisson_high(purchases) AS purchases_high
        FROM summed
        ARRAY JOIN if(empty(costs), [('', toDecimal128(0, 9))], CAST(costs, 'Array(Tuple(String, Decimal(38, 9)))')) AS cost
    )
SELECT
    slice,
    period,
    currency,
    spent,
    acquisition,
    retention,
    wins,
    money / nullIf(wins, 0) AS cost_per_win,
    if(wins > 0, money / wins_high, NULL) AS cost_per_win_low,
    if(wins > 0, money / wins_low, NULL) AS cost_per_win_high,
    purchases,
    money / nullIf(purchases, 0) AS cost_per_purchase,
    if(purchases > 0, money / purchases_high, NULL) AS cost_per_purchase_low,
    if(purchases > 0, money / purchases_low, NULL) AS cost_per_purchase_high
FROM spent
ORDER BY period, slice, currency
