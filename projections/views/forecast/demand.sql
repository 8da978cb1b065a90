-- What was won in each month, and what a seasonal-naive forecast says of it and of the months to come.
--
-- The forecast of a month is what was won in the same month of the year before, by the calendar: it knows
-- the season and no trend. It is told from the first month on that has a whole month a year before it on
-- the tape, until eleven months ahead. Its error is measured on the months that are over, as it would have
-- been made then; the 95 % interval of a month to come is the forecast plus and less 1.96 times the root
-- of the mean squared error of those, not below 0, and takes errors for normal. The last-month forecast,
-- what was won in the month before, is there to compare with: where its error is smaller, the season says
-- less than the present. A month counts the deals won in it, for who owns them and where their account
-- belongs now. Purchases are in no table by product and are not in it.
--
-- A row with a currency tells money; the row without one counts deals, those without an amount as well.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period that now lies in, NULL where none is asked for
-- * currency: currency of the amounts, empty where the row counts deals
-- * month: first day of the month
-- * over: 1 where the month is over, else 0
-- * won: what was won in it, so far where it is not over, NULL for months to come
-- * forecast: what was won in the same month of the year before, NULL where the tape does not reach it
-- * error: forecast less won, NULL where the month is not over
-- * low: lower end of the 95 % interval of a month not over, NULL below five errors
-- * high: upper end of the same
-- * errors: months over that have a forecast
-- * wmape: absolute errors over what was won in those months, NULL below five errors
-- * last_month_wmape: the same of the last-month forecast over the same months
--
-- key: slice, period, currency, month
-- formula: seasonal naive method and its interval: R. J. Hyndman and G. Athanasopoulos, Forecasting:
--     Principles and Practice, 3rd edition, 2021, sections 5.2 and 5.5; WMAPE (MAD/mean ratio): S. Kolassa
--     and W. Schütz, Foresight 6, 2007, 40-43
-- why: deal IN
--     (
--         SELECT deal FROM sliced(deals, rep = owner, account = account, deal = deal, product = product, at = as_of()) AS deals
--         WHERE slice = row.slice AND isNotDistinctFrom(period, row.period) AND status = 'won'
--             AND (row.currency = '' OR deals.currency = row.currency)
--     ) AND startsWith(type, 'sales.deal.')
WITH
    series AS
    (
        SELECT
            slice,
            period,
            told.1 AS currency,
            first_day(local_day(as_of()), 'month') AS today,
            min(local_day(assumeNotNull(closed_at))) AS began,
            sumMap(map(toUInt32(toRelativeMonthNum(local_day(assumeNotNull(closed_at)))), told.2)) AS sold
        FROM sliced(deals, rep = owner, account = account, deal = deal, product = product, at = as_of()) AS deals
        ARRAY JOIN if(amount IS NULL, [('', toDecimal128(1, 9))], [('', toDecimal128(1, 9)), (toString(deals.currency), assumeNotNull(amount))]) AS told
        WHERE status = 'won'
        GROUP BY slice, period, told.1
    ),
    monthly AS
    (
        SELECT
            slice,
            period,
            currency,
            today,
            addMonths(began - (toDayOfMonth(began) - 1), ago) AS month,
            toUInt32(toRelativeMonthNum(began) + ago) AS place,
            month < today AS over,
            if(month > today, NULL, sold[place]) AS won,
            if(addMonths(month, -12) < began, NULL, sold[toUInt32(place - 12)]) AS forecast,
            if(over, toFloat64(forecast - won), NULL) AS error,
            if(error IS NULL, NULL, toFloat64(sold[toUInt32(place - 1)] - won)) AS last_month_error
        FROM series
        ARRAY JOIN range(dateDiff('month', began, today) + 12) AS ago
    ),
    measured AS
    (
        SELECT
            *,
            count(error) OVER (PARTITION BY slice, period, currency) AS errors,
            sum(abs(error)) OVER (PARTITION BY slice, period, currency) AS off,
            sum(abs(last_month_error)) OVER (PARTITION BY slice, period, currency) AS last_month_off,
            sum(if(error IS NULL, NULL, won)) OVER (PARTITION BY slice, period, currency) AS sold,
            avg(error * error) OVER (PARTITION BY slice, period, currency) AS squared
        FROM monthly
    )
SELECT
    slice,
    period,
    currency,
    month,
    over,
    won,
    forecast,
    error,
    if(over OR NOT enough(errors), NULL, greatest(toFloat64(forecast) - 1.959963984540054 * sqrt(squared), 0)) AS low,
    if(over OR NOT enough(errors), NULL, toFloat64(forecast) + 1.959963984540054 * sqrt(squared)) AS high,
    errors,
    if(enough(errors), rate_of(off, sold), NULL) AS wmape,
    if(enough(errors), rate_of(last_month_off, sold), NULL) AS last_month_wmape
FROM measured
ORDER BY slice, currency, month
