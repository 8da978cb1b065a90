-- What the pipeline brings in a day, if deals go on as they went.
--
-- Open deals times win rate times average value won, over the median cycle of the deals won. Win
-- rate, value and cycle are those of the deals closed in the range; the open ones are those open at
-- its end. The average is over all deals won, so that the velocities of
-- several currencies stand beside each other and none counts another's deals. With fewer than five
-- deals won there is no velocity. It is a comparison of one pipeline with another or with itself, not
-- a forecast: it knows neither stages nor how young the open deals are.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period in which the range ends, NULL where none is asked for
-- * pipeline: pipeline the deals run through
-- * currency: currency of the values, empty where no deal won in the range tells one
-- * open: deals open at the end of the range
-- * closed: deals won or lost in the range
-- * won: deals won in the range
-- * win_rate: won over closed
-- * win_rate_low: lower end of its 95 % interval
-- * win_rate_high: upper end of its 95 % interval
-- * average_won: value won in the currency, over all deals won
-- * median_days: median cycle of the deals won, days, NULL below five
-- * velocity: value per day, NULL below five deals won
-- * velocity_low: the same at the lower end of the win rate
-- * velocity_high: the same at its upper end
--
-- key: slice, period, pipeline, currency
-- formula: the sales velocity equation (opportunities × win rate × deal value / cycle length) as
--     Salesforce and HubSpot define it, with the median for the cycle; Wilson score interval
--     (E. B. Wilson, JASA 22, 1927, 209-212)
-- why: startsWith(type, 'sales.deal.') AND deal IN
--     (
--         SELECT deal FROM sliced(deals, rep = owner, account = account, deal = deal, product = product, at = until())
--         WHERE slice = row.slice AND pipeline = row.pipeline
--     )
WITH
    counted AS
    (
        SELECT
            slice,
            period,
            pipeline,
            countIf(arrayLast(step -> step.at <= until(), changes).status = 'open') AS open,
            countIf(ended) AS closed,
            countIf(ended AND status = 'won') AS won,
            groupArrayIf(
                greatest(dateDiff('second', opened_at, ifNull(closed_at, opened_at)), 0) / 86400,
                ended AND status = 'won'
            ) AS days,
            sumMapIf(map(currency, ifNull(amount, 0)), ended AND status = 'won' AND currency != '') AS values
        FROM
        (
            SELECT *, status != 'open' AND ifNull(closed_at BETWEEN since() AND until(), false) AS ended
            FROM sliced(deals, rep = owner, account = account, deal = deal, product = product, at = until())
        )
        GROUP BY slice, period, pipeline
    ),
    rated AS
    (
        SELECT
            slice,
            period,
            pipeline,
            told.1 AS currency,
            open,
            closed,
            won,
            rate_of(won, closed) AS win_rate,
            wilson_low(won, closed) AS win_rate_low,
            wilson_high(won, closed) AS win_rate_high,
            toFloat64(told.2) / nullIf(won, 0) AS average_won,
            median_of(days) AS median_days
        FROM counted
        ARRAY JOIN if(empty(values), [('', toDecimal128(0, 9))], CAST(values, 'Array(Tuple(String, Decimal(38, 9)))')) AS told
    )
SELECT
    *,
    open * win_rate * average_won / nullIf(median_days, 0) AS velocity,
    open * win_rate_low * average_won / nullIf(median_days, 0) AS velocity_low,
    open * win_rate_high * average_won / nullIf(median_days, 0) AS velocity_high
FROM rated
ORDER BY period, slice, pipeline, currency
