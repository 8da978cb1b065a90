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
-- (not before its first day), what was open then, weighted by the conversions of now, and what was won
-- after that day until its end, also of deals not yet open. The ratios of the two, as they lie, times
-- what is open and weighted now, on top of what is already won: low, middle and high are the 10th, 50th
-- and 90th percentile of those. Periods before the first deal, or with nothing open and weighted, are not
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
-- * pipeline: due deals of the category pipeline, or of none
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
    -- Sums of equal deals: what is open from a day on or no more, what was won, entered or is due.
    summed AS
    (
        SELECT
            slice,
            period,
            fact.1 AS kind,
            fact.2 AS place,
            fact.3 AS money,
            fact.4 AS day,
            sum(fact.5) AS amount,
            sum(fact.6) AS deals
        FROM
        (
            SELECT
                slice,
                period,
                arrayConcat(
                    arrayFlatten(arrayMap(
                        (step, next) -> if(
                            step.status != 'open',
                            [],
                            [
                                ('open', (step.pipeline, step.stage), step.currency, local_day(step.at), ifNull(step.amount, 0), 1),
                                ('open', (step.pipeline, step.stage), step.currency, local_day(next), -ifNull(step.amount, 0), -1)
                            ]
                        ),
                        changes,
                        arrayShiftLeft(changes.at, 1, toDateTime64('2299-12-31', 6, 'UTC'))
                    )),
                    if(status != 'won', [], [('won', ('', ''), currency, local_day(assumeNotNull(closed_at)), ifNull(amount, 0), 1)]),
                    if(status = 'open', [], arrayMap(
                        entered -> ('entered', entered, '', toDate32('1970-01-01'), toDecimal128(status = 'won', 9), 1),
                        arrayDistinct(arrayMap(step -> (step.pipeline, step.stage), arrayFilter(step -> step.status = 'open', changes)))
                    )),
                    if(status != 'open' OR expected_close IS NULL, [], [(if(category = '', 'pipeline', category), (deals.pipeline, deals.stage), currency, assumeNotNull(expected_close), ifNull(amount, 0), 1)])
                ) AS told
            FROM sliced(deals, rep = owner, account = account, deal = deal, product = product, at = as_of()) AS deals
            LEFT ANY JOIN
            (
                SELECT deal, argMax(assumeNotNull(forecast_category), moment) AS category
                FROM facts
                WHERE type = 'sales.deal.forecast_category_changed.v1'
                GROUP BY deal
            ) AS categories ON categories.deal = deals.deal
        )
        ARRAY JOIN told AS fact
        GROUP BY slice, period, kind, place, money, day
    ),
    weighed AS
    (
        SELECT
            *,
            sumIf(summed.deals, kind = 'entered') OVER stages AS closed,
            sumIf(summed.amount, kind = 'entered') OVER stages AS won,
            if(kind = 'won', 1, ifNull(toFloat64(won) / nullIf(closed, 0), 0)) AS weight
        FROM summed
        WINDOW stages AS (PARTITION BY slice, period, place)
    ),
    -- Where each period stood: the present one is 0, the one before 1.
    stood AS
    (
        SELECT
            slice,
            period,
            measure.1 AS currency,
            point.1 AS horizon,
            point.2 AS ago,
            point.3 AS starts,
            point.4 - 1 AS ends,
            greatest(point.3, point.4 - dateDiff('day', local_day(as_of()), point.5)) AS today,
            min(if(kind = 'open', day, NULL)) AS first_on,
            sumIf(measure.2, kind = 'open' AND day <= today) AS open,
            sumIf(toFloat64(measure.2) * weight, kind = 'open' AND day <= today) AS weighted,
            sumIf(measure.2, kind = 'won' AND day BETWEEN starts AND today) AS won,
            sumIf(toFloat64(measure.2), kind = 'won' AND day > today AND day <= ends) AS won_after,
            sumMapIf(map(toString(kind), measure.2), kind NOT IN ('open', 'won') AND day <= ends) AS due,
            sumIf(toFloat64(measure.2) * weight, kind NOT IN ('open', 'won') AND day <= ends) AS due_weighted,
            arraySort(groupUniqArrayIf((place.1, place.2, closed, toUInt64(weighed.won)), kind = 'open')) AS conversions
        FROM weighed
        ARRAY JOIN [(toString(money), amount), ('', toDecimal128(deals, 9))] AS measure
        CROSS JOIN
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
        ) AS points
        WHERE kind != 'entered'
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
    now.4['commit'] AS commit,
    now.4['best_case'] AS best_case,
    now.4['pipeline'] AS pipeline,
    now.4['omitted'] AS omitted,
    arraySum(mapValues(now.4)) AS due,
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
