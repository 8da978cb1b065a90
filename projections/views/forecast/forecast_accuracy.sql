-- How far off submitted forecasts were, by how many days before the end of the period they were made,
-- and whether they beat a straight line.
--
-- A forecast of a rep is set against the value of the deals the rep owns that were won in its period, in
-- its currency, one of the whole department against all such deals; one that names a product counts
-- only deals of that product. Only periods that are over count. Of the forecasts of the same rep,
-- product, category, currency and period made within the same span of days the last holds; what was
-- submitted after the end of the period is none. A forecast that names a team or a territory and no rep
-- is left out: those of its reps can be sliced by team. A category says how surely: what is committed is
-- meant to be exceeded, so that categories stand in rows of their own.
--
-- The straight line takes what was won in the period before the day of the forecast, and for the days
-- left the average per day of as many days before as the period has. A forecast that is no closer than
-- that adds nothing. Whether forecasts are too high more often than too low, and closer than the straight
-- line more often than not, is told by an interval that takes forecasts for independent; those of the
-- same period share its luck.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period the forecast periods end in, NULL where none is asked for
-- * scope: rep, rep and product, department, or product
-- * currency: currency of the amounts
-- * category: forecast category, empty where none was told
-- * days_ahead: days before the end of the period: 0-7, 8-30, 31-90, or 91+
-- * forecasts: forecasts
-- * forecast: what they add up to
-- * actual: what was won, added up over the same forecasts
-- * wmape: absolute errors over actual, NULL where nothing was won
-- * bias: forecast less actual over actual, positive where forecasts were too high; NULL likewise
-- * too_high: forecasts above the actual
-- * too_low: forecasts below the actual
-- * too_high_rate: too_high over both
-- * too_high_low: lower end of its 95 % interval
-- * too_high_high: upper end of its 95 % interval
-- * distinguishable: 1 where that interval leaves out one half, else 0
-- * straight_wmape: absolute errors of the straight line over actual, NULL where nothing was won
-- * closer: forecasts closer to the actual than the straight line
-- * farther: forecasts farther from it
-- * closer_rate: closer over both
-- * closer_low: lower end of its 95 % interval
-- * closer_high: upper end of its 95 % interval
-- * beats_line: 1 where that interval lies above one half, else 0
--
-- key: slice, period, scope, currency, category, days_ahead
-- formula: WMAPE (MAD/mean ratio): S. Kolassa and W. Schütz, Foresight 6, 2007, 40-43; Wilson score
--     interval (E. B. Wilson, JASA 22, 1927, 209-212)
-- why: type = 'sales.forecast.submitted.v2' AND currency = row.currency AND (source, id) IN
--     (
--         SELECT source, id
--         FROM sliced(
--             (SELECT source, id, rep, ifNull(facts.product, '') AS product, ifNull(forecast_category, '') AS category, assumeNotNull(period_end) AS last_on FROM facts WHERE type = 'sales.forecast.submitted.v2'),
--             rep = rep, product = product, day = last_on
--         )
--         WHERE slice = row.slice AND isNotDistinctFrom(period, row.period) AND category = row.category
--     )
--     OR startsWith(type, 'sales.deal.') AND deal IN
--     (
--         SELECT deal FROM deals
--         WHERE status = 'won' AND deals.currency = row.currency AND (row.scope IN ('department', 'product') OR owner IN
--         (
--             SELECT rep
--             FROM sliced(
--                 (SELECT rep, ifNull(facts.product, '') AS product, ifNull(forecast_category, '') AS category, assumeNotNull(period_end) AS last_on FROM facts WHERE type = 'sales.forecast.submitted.v2'),
--                 rep = rep, product = product, day = last_on
--             )
--             WHERE slice = row.slice AND isNotDistinctFrom(period, row.period) AND category = row.category
--         ))
--     )
WITH
    told AS
    (
        SELECT
            rep,
            ifNull(facts.product, '') AS product,
            ifNull(forecast_category, '') AS category,
            assumeNotNull(facts.currency) AS money,
            assumeNotNull(period_start) AS first_on,
            assumeNotNull(period_end) AS last_on,
            assumeNotNull(amount) AS forecast,
            local_day(time) AS told_on,
            dateDiff('day', told_on, last_on) AS ahead,
            multiIf(ahead <= 7, '0-7', ahead <= 30, '8-30', ahead <= 90, '31-90', '91+') AS days_ahead
        FROM facts
        WHERE type = 'sales.forecast.submitted.v2' AND told_on <= last_on AND last_on < local_day(as_of())
            AND (rep != '' OR team IS NULL AND territory IS NULL)
        ORDER BY moment DESC
        LIMIT 1 BY rep, product, category, money, first_on, last_on, days_ahead
    ),
    won AS
    (
        SELECT whose.1 AS who, whose.2 AS what, deals.currency AS money, groupArray((local_day(assumeNotNull(closed_at)), assumeNotNull(amount))) AS wins
        FROM deals
        ARRAY JOIN arrayDistinct([('', ''), (owner, ''), ('', product), (owner, product)]) AS whose
        WHERE status = 'won' AND amount IS NOT NULL
        GROUP BY who, what, money
    ),
    judged AS
    (
        SELECT
            *,
            arraySum(win -> if(win.1 BETWEEN first_on AND last_on, win.2, 0), wins) AS actual,
            dateDiff('day', first_on, last_on) + 1 AS days,
            toFloat64(arraySum(win -> if(win.1 >= first_on AND win.1 < told_on, win.2, 0), wins))
                + toFloat64(arraySum(win -> if(win.1 >= told_on - days AND win.1 < told_on, win.2, 0), wins))
                / days * (dateDiff('day', greatest(first_on, told_on), last_on) + 1) AS straight
        FROM told
        LEFT ANY JOIN won ON won.who = told.rep AND won.what = told.product AND won.money = told.money
    ),
    counted AS
    (
        SELECT
            slice,
            period,
            multiIf(rep = '' AND product = '', 'department', rep = '', 'product', product = '', 'rep', 'rep and product') AS scope,
            money AS currency,
            category,
            days_ahead,
            count() AS forecasts,
            sum(judged.forecast) AS forecast,
            sum(judged.actual) AS actual,
            sum(toFloat64(abs(judged.forecast - judged.actual)) AS off_by) AS off,
            sum(abs(straight - toFloat64(judged.actual)) AS straight_off_by) AS straight_off,
            countIf(judged.forecast > judged.actual) AS too_high,
            countIf(judged.forecast < judged.actual) AS too_low,
            countIf(off_by < straight_off_by) AS closer,
            countIf(off_by > straight_off_by) AS farther
        FROM sliced(judged, rep = rep, product = product, day = last_on) AS judged
        GROUP BY slice, period, scope, currency, category, days_ahead
    ),
    rated AS
    (
        SELECT
            *,
            wilson_low(too_high, too_high + too_low) AS too_high_low,
            wilson_high(too_high, too_high + too_low) AS too_high_high,
            wilson_low(closer, closer + farther) AS closer_low,
            wilson_high(closer, closer + farther) AS closer_high
        FROM counted
    )
SELECT
    slice,
    period,
    scope,
    currency,
    category,
    days_ahead,
    forecasts,
    forecast,
    actual,
    rate_of(off, actual) AS wmape,
    rate_of(forecast - actual, actual) AS bias,
    too_high,
    too_low,
    rate_of(too_high, too_high + too_low) AS too_high_rate,
    too_high_low,
    too_high_high,
    ifNull(too_high_low > 0.5 OR too_high_high < 0.5, false) AS distinguishable,
    rate_of(straight_off, actual) AS straight_wmape,
    closer,
    farther,
    rate_of(closer, closer + farther) AS closer_rate,
    closer_low,
    closer_high,
    ifNull(closer_low > 0.5, false) AS beats_line
FROM rated
ORDER BY period, slice, scope, currency, category, length(days_ahead), days_ahead
