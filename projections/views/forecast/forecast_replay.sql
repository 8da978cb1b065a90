-- What close_forecast would have said of the weeks, months and quarters that are over, so many days before
-- their end, against what was won in them.
--
-- Each of the last twelve periods is forecast anew as of the end of a day so many days before its end: what
-- was won in it by then, and what was open then, weighted by the conversions of then, times what periods
-- before had brought of theirs, as `close_forecast` has it. Periods for which it would have told no range
-- are not counted. What happened is taken as it is known now: what was recorded late or corrected since
-- counts as if it had been known, and a deal that was taken up again as closed only when it was closed last;
-- `close_forecast` with `--as-of` and `--known-at` says what it said. Slices are those of now. The range is meant to hold
-- 80 of 100: where the interval of within_rate leaves 0.8 out, it is too narrow or too wide, as far as periods
-- are independent, which quarters next to each other hardly are.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period that now lies in, NULL where none is asked for
-- * horizon: week, month or quarter
-- * days_ahead: days before the last day of the period
-- * currency: currency of the amounts, empty where the row counts deals
-- * periods: periods that were forecast anew
-- * forecast: what the middles of their ranges add up to
-- * actual: what was won in them
-- * wmape: absolute errors of the middles over actual, NULL where nothing was won, or below five periods
-- * bias: forecast less actual over actual, positive where forecasts were too high; NULL likewise
-- * within: periods whose actual lay within low and high
-- * within_rate: within over periods
-- * within_rate_low: lower end of its 95 % interval
-- * within_rate_high: upper end of its 95 % interval
-- * replays: of each period its first day, low, middle, high and actual, the last period first
--
-- key: slice, period, horizon, days_ahead, currency
-- formula: WMAPE (MAD/mean ratio): S. Kolassa and W. Schütz, Foresight 6, 2007, 40-43; percentiles by linear
--     interpolation: R. J. Hyndman and Y. Fan, The American Statistician 50, 1996, 361-365, definition 7;
--     Wilson score interval (E. B. Wilson, JASA 22, 1927, 209-212)
-- why: deal IN
--     (
--         SELECT deal FROM sliced(deals, rep = owner, account = account, deal = deal, product = product, at = as_of())
--         WHERE slice = row.slice AND isNotDistinctFrom(period, row.period)
--     ) AND startsWith(type, 'sales.deal.')
WITH
    12 AS replayed,
    -- Sums by day and kind: 0 is what is open from a day on or no more, 1 what was won, 2 the closed deals
    -- that had entered the stage, 3 those of them that were won.
    summed AS
    (
        SELECT slice, period, pipeline, stage, money, edge.1 AS kind, edge.2 AS day, sum(worth * edge.3) AS amount, sum(edge.3) AS deals
        FROM
        (
            SELECT
                slice,
                period,
                step.pipeline AS pipeline,
                step.stage AS stage,
                step.currency AS money,
                ifNull(step.amount, 0) AS worth,
                local_day(ifNull(closed_at, as_of())) AS closed_on,
                arrayConcat(
                    if(step.status = 'open', [(0, local_day(step.at), 1)], []),
                    if(step.status = 'open' AND next IS NOT NULL, [(0, local_day(assumeNotNull(next)), -1)], []),
                    if(step.status = 'won' AND next IS NULL, [(1, closed_on, 1)], []),
                    if(step.status = 'open' AND visit = 1 AND deals.status != 'open', [(2, closed_on, 1), (3, closed_on, toInt8(deals.status = 'won'))], [])
                ) AS edges
            FROM sliced(deals, rep = owner, account = account, deal = deal, product = product, at = as_of()) AS deals
            ARRAY JOIN
                changes AS step,
                arrayShiftLeft(CAST(changes.at, 'Array(Nullable(DateTime64(6, \'UTC\')))'), 1) AS next,
                arrayEnumerateUniq(changes.pipeline, changes.stage, changes.status) AS visit
        )
        ARRAY JOIN edges AS edge
        GROUP BY slice, period, pipeline, stage, money, kind, day
    ),
    -- The periods before the present one: as many as are forecast, and as many before as those rest on.
    points AS
    (
        SELECT point.1 AS horizon, point.2 AS ago, point.3 AS starts, point.4 - 1 AS ends, arrayJoin(point.5) AS days_ahead
        FROM
        (
            SELECT arrayJoin(arrayFlatten(arrayMap(
                ago -> [
                    ('week', ago, week - 7 * ago, week - 7 * ago + 7, [3]),
                    ('month', ago, addMonths(month, -ago), addMonths(month, 1 - ago), [7, 14, 21]),
                    ('quarter', ago, addMonths(quarter, -3 * ago), addMonths(quarter, 3 - 3 * ago), [15, 45, 75])
                ],
                range(1, 2 * replayed + 1)
            ))) AS point
            FROM
            (
                SELECT
                    first_day(local_day(addMicroseconds(as_of(), 1)), 'week') AS week,
                    first_day(local_day(addMicroseconds(as_of(), 1)), 'month') AS month,
                    first_day(local_day(addMicroseconds(as_of(), 1)), 'quarter') AS quarter
            )
        )
    ),
    stood AS
    (
        SELECT
            slice,
            period,
            horizon,
            days_ahead,
            pipeline,
            stage,
            money,
            ago,
            any(starts) AS begins,
            minOrNullIf(day, kind = 0) AS first_on,
            sumIf(deals, kind = 2 AND day <= ends - days_ahead) AS closed,
            sumIf(deals, kind = 3 AND day <= ends - days_ahead) AS closed_won,
            sumForEachIf([amount, toDecimal128(deals, 9)], kind = 0 AND day <= ends - days_ahead) AS open,
            sumForEachIf([amount, toDecimal128(deals, 9)], kind = 1 AND day BETWEEN starts AND ends - days_ahead) AS won,
            sumForEachIf([amount, toDecimal128(deals, 9)], kind = 1 AND day BETWEEN ends - days_ahead + 1 AND ends) AS won_after
        FROM summed
        CROSS JOIN points
        GROUP BY slice, period, horizon, days_ahead, pipeline, stage, money, ago
    ),
    -- The same by how many periods ago, in one row, and the conversions that were known by then.
    listed AS
    (
        SELECT
            slice,
            period,
            horizon,
            days_ahead,
            pipeline,
            stage,
            money,
            min(stood.first_on) AS first_on,
            arraySort(groupArray((ago, begins, open, won, won_after, closed, closed_won))) AS told,
            sumForEach(told.6) OVER stages AS all_closed,
            sumForEach(told.7) OVER stages AS all_won,
            arrayMap((won_of, of) -> ifNull(rate_of(won_of, of), 0), all_won, all_closed) AS weights
        FROM stood
        GROUP BY slice, period, horizon, days_ahead, pipeline, stage, money
        WINDOW stages AS (PARTITION BY slice, period, horizon, days_ahead, pipeline, stage)
    ),
    -- What was open so many periods ago, by the conversions that each period to forecast knew: for each
    -- of these itself and the twelve before it.
    weighed AS
    (
        SELECT
            slice,
            period,
            horizon,
            days_ahead,
            if(measure = 1, toString(money), '') AS currency,
            min(listed.first_on) AS first_on,
            any(told.2) AS begins,
            sumForEach(arrayMap(won -> toFloat64(won[measure]), told.4)) AS won_before,
            sumForEach(arrayMap(won -> toFloat64(won[measure]), told.5)) AS won_later,
            sumForEach(arrayFlatten(arrayMap(
                a -> arrayMap(b -> toFloat64(told.3[b][measure]) * weights[a], range(a, a + replayed + 1)),
                range(1, replayed + 1)
            ))) AS weighted
        FROM listed
        ARRAY JOIN [1, 2] AS measure
        GROUP BY slice, period, horizon, days_ahead, currency
    ),
    forecast_anew AS
    (
        SELECT
            slice,
            period,
            horizon,
            days_ahead,
            currency,
            arrayFilter(one -> enough(length(one.3)), arrayMap(
                a -> (
                    begins[a],
                    won_before[a] + won_later[a],
                    arrayMap(
                        b -> won_later[b] / weighted[(a - 1) * (replayed + 1) + b - a + 1],
                        arrayFilter(
                            b -> weighted[(a - 1) * (replayed + 1) + b - a + 1] > 0 AND ifNull(begins[b] >= first_on, false),
                            range(a + 1, a + replayed + 1)
                        )
                    ),
                    won_before[a],
                    weighted[(a - 1) * (replayed + 1) + 1]
                ),
                range(1, replayed + 1)
            )) AS rested
        FROM weighed
    ),
    ranged AS
    (
        SELECT
            *,
            arrayMap(
                one -> (
                    one.1,
                    arrayMap(ratio -> one.4 + one.5 * ratio, arrayReduce('quantilesExactInclusive(0.1, 0.5, 0.9)', one.3)),
                    one.2
                ),
                rested
            ) AS ranges
        FROM forecast_anew
        WHERE notEmpty(rested)
    ),
    counted AS
    (
        SELECT
            slice,
            period,
            horizon,
            days_ahead,
            currency,
            length(ranges) AS periods,
            arraySum(one -> one.2[2], ranges) AS forecast,
            arraySum(one -> one.3, ranges) AS actual,
            arraySum(one -> abs(one.2[2] - one.3), ranges) AS off,
            arrayCount(one -> one.3 >= one.2[1] - 1e-6 AND one.3 <= one.2[3] + 1e-6, ranges) AS within,
            arrayMap(one -> (one.1, one.2[1], one.2[2], one.2[3], one.3), ranges) AS replays
        FROM ranged
    )
SELECT
    slice,
    period,
    horizon,
    days_ahead,
    currency,
    periods,
    forecast,
    actual,
    if(enough(periods), rate_of(off, actual), NULL) AS wmape,
    if(enough(periods), rate_of(forecast - actual, actual), NULL) AS bias,
    within,
    rate_of(within, periods) AS within_rate,
    wilson_low(within, periods) AS within_rate_low,
    wilson_high(within, periods) AS within_rate_high,
    replays
FROM counted
ORDER BY slice, currency, indexOf(['week', 'month', 'quarter'], horizon), days_ahead
