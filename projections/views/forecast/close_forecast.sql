-- What will be won this week, this month and this quarter: by forecast category, weighted by how often
-- deals of a stage were won, and as a range from what past periods brought.
--
-- The week, month and quarter that now lies in, by the calendar. A deal is due where it is expected to
-- close by the end of the period, overdue ones included; due deals count under the forecast category
-- last told for them. Weighted is their value times the measured conversion of their stage: of the deals
-- that entered the stage and are closed, the share that was won, as of now. A stage that no closed deal
-- entered weighs nothing.
--
-- The range rests on the last twelve periods of the same length: each as many days before its end as now
-- (not before its first day), what was open as that day ended, weighted by the conversions of now, and
-- what was won after that day until its end, also of deals not yet open. The ratios of the two, as they
-- lie, times what is open and weighted now, on top of what is already won: low, middle and high are the
-- 10th, 50th and 90th percentile of those. Periods before the first deal, or with nothing open and weighted, are not
-- counted, and with fewer than five there is no range. It supposes that the future is like those periods:
-- it knows no season and no trend, the conversions of now know how those periods ended, and of twelve
-- ratios the 10th percentile lies between the lowest three. Deals count for who owns them now.
--
-- A row with a currency tells money; the row without one counts deals, those without an amount as well.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period that now lies in, NULL where none is asked for
-- * horizon: week, month or quarter
-- * currency: currency of the amounts, empty where the row counts deals
-- * starts: first day of the week, month or quarter
-- * ends: its last day
-- * won: already won in it
-- * commit: due deals of the category commit
-- * best_case: due deals of the category best case
-- * pipeline: due deals of the category pipeline, of another one or of none
-- * omitted: due deals of the category omitted
-- * due: all due deals
-- * due_weighted: due deals times the conversion of their stage
-- * open: all open deals
-- * open_weighted: open deals times the conversion of their stage
-- * periods: past periods the range rests on
-- * low: 10th percentile of what will have been won by its end, NULL below five past periods
-- * middle: 50th percentile of the same
-- * high: 90th percentile of the same
-- * conversions: stages of the open deals: pipeline, stage, closed deals that entered it, won of those
--
-- key: slice, period, horizon, currency
-- formula: percentiles by linear interpolation: R. J. Hyndman and Y. Fan, The American Statistician 50,
--     1996, 361-365, definition 7
-- why: deal IN
--     (
--         SELECT deal FROM sliced(deals, rep = owner, account = account, deal = deal, product = product, at = as_of())
--         WHERE slice = row.slice AND isNotDistinctFrom(period, row.period)
--     ) AND startsWith(type, 'sales.deal.')
WITH
    -- Sums by day and kind: 0 is what is open from a day on or no more, 1 what was won, from 2 on what is
    -- due, by category. Numbers and not names, since there are many rows before they are summed.
    summed AS
    (
        SELECT
            slice,
            period,
            pipeline,
            stage,
            money,
            edge.1 AS kind,
            edge.2 AS day,
            sum(worth * edge.3) AS amount,
            sum(edge.3) AS deals,
            sumIf(is_closed, edge.3 = 1) AS entered,
            sumIf(is_won, edge.3 = 1) AS entered_won
        FROM
        (
            SELECT
                slice,
                period,
                step.pipeline AS pipeline,
                step.stage AS stage,
                step.currency AS money,
                ifNull(step.amount, 0) AS worth,
                step.status = 'open' AND visit = 1 AND deals.status != 'open' AS is_closed,
                is_closed AND deals.status = 'won' AS is_won,
                multiIf(
                    step.status = 'open' AND next IS NOT NULL, [(0, local_day(step.at), 1), (0, local_day(assumeNotNull(next)), -1)],
                    step.status = 'open' AND expected_close IS NOT NULL,
                    [(0, local_day(step.at), 1), (transform(category, ['commit', 'best_case', 'omitted'], [2, 3, 4], 5), assumeNotNull(expected_close), 1)],
                    step.status = 'open', [(0, local_day(step.at), 1)],
                    step.status = 'won' AND next IS NULL, [(1, local_day(assumeNotNull(closed_at)), 1)],
                    []
                ) AS edges
            FROM sliced(deals, rep = owner, account = account, deal = deal, product = product, at = as_of()) AS deals
            LEFT ANY JOIN
            (
                SELECT deal, argMax(assumeNotNull(forecast_category), moment) AS category
                FROM facts
                WHERE type = 'sales.deal.forecast_category_changed.v1'
                GROUP BY deal
            ) AS categories ON categories.deal = deals.deal
            ARRAY JOIN
                changes AS step,
                arrayShiftLeft(CAST(changes.at, 'Array(Nullable(DateTime64(6, \'UTC\')))'), 1) AS next,
                arrayEnumerateUniq(changes.pipeline, changes.stage, changes.status) AS visit
        )
        ARRAY JOIN edges AS edge
        GROUP BY slice, period, pipeline, stage, money, kind, day
    ),
    weighed AS
    (
        SELECT
            *,
            sum(summed.entered) OVER stages AS closed,
            sum(summed.entered_won) OVER stages AS closed_won,
            if(kind = 1, 1, ifNull(rate_of(closed_won, closed), 0)) AS weight
        FROM summed
        WINDOW stages AS (PARTITION BY slice, period, pipeline, stage)
    ),
    -- Where each period stood: the present one is 0, the one before 1.
    stood AS
    (
        SELECT
            slice,
            period,
            measure.1 AS currency,
            horizon,
            ago,
            starts,
            ends,
            today,
            minIf(day, kind = 0) AS first_on,
            sumIf(measure.2, kind = 0 AND day <= today) AS open,
            sumIf(toFloat64(measure.2) * weight, kind = 0 AND day <= today) AS weighted,
            sumIf(measure.2, kind = 1 AND day BETWEEN starts AND today) AS won,
            sumIf(toFloat64(measure.2), kind = 1 AND day > today AND day <= ends) AS won_after,
            sumForEachIf(arrayMap(category -> if(kind = category, measure.2, 0), [2, 3, 4, 5]), kind >= 2 AND day <= ends) AS due,
            sumIf(toFloat64(measure.2) * weight, kind >= 2 AND day <= ends) AS due_weighted,
            arraySort(groupUniqArrayIf((pipeline, stage, closed, closed_won), kind = 0)) AS conversions
        FROM weighed
        ARRAY JOIN [(toString(money), amount), ('', toDecimal128(deals, 9))] AS measure
        CROSS JOIN
        (
            SELECT
                point.1 AS horizon,
                point.2 AS ago,
                point.3 AS starts,
                point.4 - 1 AS ends,
                greatest(point.3, point.4 - dateDiff('day', local_day(as_of()), point.5)) AS today
            FROM
            (
                SELECT arrayJoin(arrayFlatten(arrayMap(
                    ago -> [
                        ('week', ago, week - 7 * ago, week - 7 * ago + 7, week + 7),
                        ('month', ago, addMonths(month, -ago), addMonths(month, 1 - ago), addMonths(month, 1)),
                        ('quarter', ago, addMonths(quarter, -3 * ago), addMonths(quarter, 3 - 3 * ago), addMonths(quarter, 3))
                    ],
                    range(13)
                ))) AS point
                FROM
                (
                    SELECT
                        first_day(local_day(as_of()), 'week') AS week,
                        first_day(local_day(as_of()), 'month') AS month,
                        first_day(local_day(as_of()), 'quarter') AS quarter
                )
            )
        ) AS points
        GROUP BY slice, period, currency, horizon, ago, starts, ends, today
    ),
    compared AS
    (
        SELECT
            slice,
            period,
            horizon,
            currency,
            argMin((starts, ends, won, due, due_weighted, open, weighted, conversions), ago) AS now,
            groupArrayIf(won_after / weighted, ago > 0 AND weighted > 0 AND starts >= first_on) AS ratios,
            arrayMap(ratio -> toFloat64(now.3) + now.7 * ratio, arrayReduce('quantilesExactInclusive(0.1, 0.5, 0.9)', ratios)) AS range
        FROM stood
        GROUP BY slice, period, horizon, currency
    )
SELECT
    slice,
    period,
    horizon,
    currency,
    now.1 AS starts,
    now.2 AS ends,
    now.3 AS won,
    now.4[1] AS commit,
    now.4[2] AS best_case,
    now.4[4] AS pipeline,
    now.4[3] AS omitted,
    arraySum(now.4) AS due,
    now.5 AS due_weighted,
    now.6 AS open,
    now.7 AS open_weighted,
    length(ratios) AS periods,
    if(enough(periods), range[1], NULL) AS low,
    if(enough(periods), range[2], NULL) AS middle,
    if(enough(periods), range[3], NULL) AS high,
    now.8 AS conversions
FROM compared
ORDER BY slice, currency, ends, starts DESC
