-- What was sold in each month, and what a seasonal-naive forecast says of it and of the months to come.
--
-- The forecast of a month is what was sold in the same month of the year before, by the calendar: it knows
-- the season and no trend. It is told from the first month on that has a whole month a year before it on
-- the tape, until eleven months ahead. Its error is measured on the months that are over, as it would have
-- been made then; the 95 % interval of a month to come is the forecast plus and less 1.96 times the root
-- of the mean squared error of those, not below 0, and takes errors for normal. The last-month forecast,
-- what was sold in the month before, is there to compare with: where its error is smaller, the season says
-- less than the present. A month counts the deals won in it, for who owns them, and, as a
-- measure of its own, the purchases made in it, for who is credited; both where their account belongs now.
-- Returns are not taken off: who gave something back had asked for it.
--
-- A row with a currency tells money; the row without one counts deals or purchases, those without an
-- amount as well.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period that now lies in, NULL where none is asked for
-- * measure: won or purchased
-- * currency: currency of the amounts, empty where the row counts
-- * month: first day of the month
-- * over: 1 where the month is over, else 0
-- * sold: what was sold in it, so far where it is not over, NULL for months to come
-- * forecast: what was sold in the same month of the year before, NULL where the tape does not reach it
-- * error: forecast less sold, NULL where the month is not over
-- * low: lower end of the 95 % interval of a month not over, NULL below five errors
-- * high: upper end of the same
-- * errors: months over that have a forecast
-- * wmape: absolute errors over what was sold in those months, NULL below five errors
-- * last_month_wmape: the same of the last-month forecast over the same months
--
-- key: slice, period, measure, currency, month
-- formula: seasonal naive method and its interval: R. J. Hyndman and G. Athanasopoulos, Forecasting:
--     Principles and Practice, 3rd edition, 2021, sections 5.2 and 5.5; WMAPE (MAD/mean ratio): S. Kolassa
--     and W. Schütz, Foresight 6, 2007, 40-43
-- why: row.measure = 'won' AND startsWith(type, 'sales.deal.') AND deal IN
--     (
--         SELECT deal FROM sliced(deals, rep = owner, account = account, deal = deal, product = product, at = as_of()) AS deals
--         WHERE slice = row.slice AND isNotDistinctFrom(period, row.period) AND status = 'won'
--             AND (row.currency = '' OR deals.currency = row.currency)
--     )
--     OR row.measure = 'purchased' AND (source, id) IN
--     (
--         SELECT source, id
--         FROM sliced((SELECT * FROM facts WHERE type = 'sales.purchase.made.v1'), rep = rep, account = account, deal = deal, product = ifNull(product, ''), at = as_of()) AS bought
--         WHERE slice = row.slice AND isNotDistinctFrom(period, row.period)
--             AND (row.currency = '' OR bought.currency = row.currency)
--     )
WITH
    told AS
    (
        SELECT 'won' AS measure, owner AS rep, account, deal, product, local_day(assumeNotNull(closed_at)) AS day, toString(deals.currency) AS money, deals.amount AS worth
        FROM deals
        WHERE status = 'won'
        UNION ALL
        SELECT 'purchased', rep, account, deal, ifNull(facts.product, ''), local_day(time), ifNull(facts.currency, ''), facts.amount
        FROM facts
        WHERE type = 'sales.purchase.made.v1'
    ),
    series AS
    (
        SELECT
            slice,
            period,
            measure,
            row.1 AS currency,
            first_day(local_day(as_of()), 'month') AS today,
            min(day) AS began,
            sumMap(map(toUInt32(toRelativeMonthNum(day)), row.2)) AS sales
        FROM sliced(told, rep = rep, account = account, deal = deal, product = product, at = as_of())
        ARRAY JOIN if(worth IS NULL, [('', toDecimal128(1, 9))], [('', toDecimal128(1, 9)), (money, assumeNotNull(worth))]) AS row
        GROUP BY slice, period, measure, row.1
    ),
    monthly AS
    (
        SELECT
            slice,
            period,
            measure,
            currency,
            today,
            addMonths(began - (toDayOfMonth(began) - 1), ago) AS month,
            toUInt32(toRelativeMonthNum(began) + ago) AS place,
            month < today AS over,
            if(month > today, NULL, sales[place]) AS sold,
            if(addMonths(month, -12) < began, NULL, sales[toUInt32(place - 12)]) AS forecast,
            if(over, toFloat64(forecast - sold), NULL) AS error,
            if(error IS NULL, NULL, toFloat64(sales[toUInt32(place - 1)] - sold)) AS last_month_error
        FROM series
        ARRAY JOIN range(dateDiff('month', began, today) + 12) AS ago
    ),
    measured AS
    (
        SELECT
            *,
            count(error) OVER series AS errors,
            sum(abs(error)) OVER series AS off,
            sum(abs(last_month_error)) OVER series AS last_month_off,
            sum(if(error IS NULL, NULL, sold)) OVER series AS sold_in_all,
            avg(error * error) OVER series AS squared
        FROM monthly
        WINDOW series AS (PARTITION BY slice, period, measure, currency)
    )
SELECT
    slice,
    period,
    measure,
    currency,
    month,
    over,
    sold,
    forecast,
    error,
    if(over OR NOT enough(errors), NULL, greatest(toFloat64(forecast) - 1.959963984540054 * sqrt(squared), 0)) AS low,
    if(over OR NOT enough(errors), NULL, toFloat64(forecast) + 1.959963984540054 * sqrt(squared)) AS high,
    errors,
    if(enough(errors), rate_of(off, sold_in_all), NULL) AS wmape,
    if(enough(errors), rate_of(last_month_off, sold_in_all), NULL) AS last_month_wmape
FROM measured
ORDER BY measure, slice, currency, month
