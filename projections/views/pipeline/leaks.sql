-- Where deals drop out of the pipeline, what they were worth, and what the best quarter would keep.
--
-- A deal that is lost leaks at the furthest stage it entered; from each stage before that it has
-- advanced, as it has from all of its stages when it is won. It was decided when it entered the next
-- stage further on, or closed; decisions within since and until count. Stages are in the order of the
-- pipeline as last defined, without a definition in that of the deal's own way. Conversion is advanced
-- over decided; deals that are open in the stage are in neither. Rates are of all deals, values of
-- those in the row's currency, as last told; a deal lost without an amount adds nothing to any.
-- The best quarter is the one whose conversion has the highest lower end of its 95 % interval, so
-- that a few lucky deals make none. The gain is the lost value that would have advanced at its
-- conversion, times the share that was won of those that advanced and closed. It is told only where
-- the quarter differs from the rest by more than chance; even then the best of many quarters is
-- in part the luckiest, and the low gain is the safer number. It does not say what made it best.
--
-- * slice: value of the dimension asked for, empty where none is
-- * pipeline: pipeline
-- * stage: stage of the pipeline
-- * currency: currency of the values, empty where no deal lost there tells one
-- * position: place of the stage in the pipeline as last defined, NULL where it is not defined
-- * decided: deals that advanced from the stage or were lost there
-- * advanced: deals that advanced
-- * lost: deals lost there
-- * lost_share: lost over all deals lost in the pipeline
-- * conversion: advanced over decided
-- * conversion_low: lower end of its 95 % interval
-- * conversion_high: upper end of its 95 % interval
-- * lost_valued: deals lost there with an amount in the currency
-- * lost_value: what those were worth
-- * lost_value_share: lost_value over the value lost in the pipeline in the currency
-- * best_quarter: first day of the best quarter
-- * best_decided: deals decided in it
-- * best_conversion: its conversion
-- * best_conversion_low: lower end of its 95 % interval
-- * best_conversion_high: upper end of its 95 % interval
-- * distinguishable: 1 where its conversion is above that of the other quarters by more than chance, else 0
-- * won_after: share won of the deals that advanced and closed
-- * gain: value that would have been won more at best_conversion, NULL where not distinguishable
-- * gain_low: the same at best_conversion_low
--
-- key: slice, pipeline, stage, currency
-- formula: Wilson score interval (E. B. Wilson, JASA 22, 1927, 209-212); interval of the difference:
--     R. G. Newcombe, Statistics in Medicine 17, 1998, 873-890, method 10
-- why: startsWith(type, 'sales.deal.') AND deal IN
--     (
--         SELECT deal FROM sliced(deals, rep = owner, deal = deal, product = product)
--         WHERE slice = row.slice AND pipeline = row.pipeline
--     )
--     OR type = 'sales.pipeline.defined.v1' AND pipeline = row.pipeline
WITH
    defined AS
    (
        SELECT pipeline, groupArray(stage) AS stages, groupArray(position) AS places
        FROM pipelines
        WHERE kind = 'open'
        GROUP BY pipeline
    ),
    ranked AS
    (
        SELECT
            slice,
            told.pipeline AS pipeline,
            told.status AS status,
            told.amount AS amount,
            toString(told.currency) AS currency,
            assumeNotNull(told.closed_at) AS closed_at,
            told.path.stage AS steps,
            told.path.entered_at AS times,
            stages,
            places,
            arrayMap(step -> if(empty(stages), indexOf(steps, step), places[indexOf(stages, step)]), steps) AS ranks,
            arrayLastIndex(rank -> rank = arrayMax(ranks), ranks) AS furthest
        FROM sliced(deals, rep = owner, deal = deal, product = product) AS told
        LEFT ANY JOIN defined ON defined.pipeline = told.pipeline
        WHERE notEmpty(steps)
    ),
    -- Per deal and stage: whether and when it was decided.
    decisions AS
    (
        SELECT
            slice,
            pipeline,
            stage,
            status,
            amount,
            currency,
            places[indexOf(stages, stage)] AS place,
            ranks[indexOf(steps, stage)] AS rank,
            steps[furthest] = stage AS is_furthest,
            NOT is_furthest AND rank < ranks[furthest] OR status = 'won' AS advances,
            is_furthest AND status = 'lost' AS leaks,
            if(rank < ranks[furthest], times[arrayFirstIndex(other -> other > rank, ranks)], closed_at) AS decided_at
        FROM ranked
        ARRAY JOIN arrayDistinct(steps) AS stage
        WHERE (advances OR leaks) AND decided_at BETWEEN since() AND until()
    ),
    quarters AS
    (
        SELECT
            slice,
            pipeline,
            stage,
            first_day(local_day(decided_at), 'quarter') AS quarter,
            any(decisions.place) AS place,
            count() AS decided,
            countIf(advances) AS advanced,
            countIf(advances AND status = 'won') AS won,
            countIf(advances AND status = 'lost') AS lost_later,
            sumMapIf(map(currency, ifNull(amount, 0)), leaks AND amount IS NOT NULL) AS values,
            sumMapIf(map(currency, 1), leaks AND amount IS NOT NULL) AS valued
        FROM decisions
        GROUP BY slice, pipeline, stage, quarter
    ),
    rated AS
    (
        SELECT
            *,
            rate_of(advanced, decided) AS rate,
            wilson_low(advanced, decided) AS low,
            wilson_high(advanced, decided) AS high
        FROM quarters
    ),
    summed AS
    (
        SELECT
            slice,
            pipeline,
            stage,
            any(place) AS place,
            sum(rated.decided) AS decided,
            sum(rated.advanced) AS advanced,
            sum(rated.won) AS won,
            sum(rated.lost_later) AS lost_later,
            sumMap(rated.values) AS values,
            sumMap(rated.valued) AS valued,
            argMax((quarter, rated.decided, rated.advanced, rate, low, high), (low, quarter)) AS best
        FROM rated
        GROUP BY slice, pipeline, stage
    ),
    compared AS
    (
        SELECT
            *,
            rate_of(advanced, decided) AS conversion,
            wilson_low(advanced, decided) AS conversion_low,
            wilson_high(advanced, decided) AS conversion_high,
            best.4 AS best_conversion,
            best.5 AS best_low,
            best.6 AS best_high,
            rate_of(advanced - best.3, decided - best.2) AS rest,
            wilson_low(advanced - best.3, decided - best.2) AS rest_low,
            wilson_high(advanced - best.3, decided - best.2) AS rest_high,
            rate_of(won, won + lost_later) AS won_after
        FROM summed
    ),
    told_apart AS
    (
        SELECT
            *,
            ifNull(difference_low(best_conversion, best_low, best_high, rest, rest_low, rest_high) > 0, false) AS distinguishable,
            won_after / nullIf(1 - conversion, 0) AS won_of_lost
        FROM compared
    )
SELECT
    slice,
    pipeline,
    stage,
    currency,
    nullIf(place, 0) AS position,
    decided,
    advanced,
    decided - advanced AS lost,
    rate_of(lost, sumIf(lost, told = 1) OVER (PARTITION BY slice, pipeline)) AS lost_share,
    conversion,
    conversion_low,
    conversion_high,
    valued[currency] AS lost_valued,
    values[currency] AS lost_value,
    rate_of(lost_value, sum(lost_value) OVER (PARTITION BY slice, pipeline, currency)) AS lost_value_share,
    best.1 AS best_quarter,
    best.2 AS best_decided,
    best_conversion,
    best_low AS best_conversion_low,
    best_high AS best_conversion_high,
    distinguishable,
    won_after,
    if(distinguishable, toFloat64(lost_value) * (best_conversion - conversion) * won_of_lost, NULL) AS gain,
    if(distinguishable, toFloat64(lost_value) * greatest(best_low - conversion, 0) * won_of_lost, NULL) AS gain_low
FROM told_apart
ARRAY JOIN
    if(empty(values), [''], arraySort(mapKeys(values))) AS currency,
    arrayEnumerate(if(empty(values), [''], mapKeys(values))) AS told
ORDER BY slice, pipeline, position ASC NULLS LAST, stage, currency
