-- How many deals entered each stage of each pipeline, how many went on, and what became of the rest.
--
-- A deal enters a stage when an event says so, once however often it returns; a stage that it
-- skipped it has reached but not entered. It has advanced when it later entered a stage of a higher
-- position, or was won. Conversion is advanced over entered, so deals still in the stage count as
-- not advanced yet: it does not say what will become of them. Times in a stage are those of visits
-- that have ended, in days of 24 hours. Amounts are of one currency, or NULL where there are several.
--
-- * pipeline: pipeline the deals run through
-- * stage: stage of the pipeline
-- * position: place of the stage in the pipeline as last defined, NULL where it is not defined
-- * entered: deals that entered the stage
-- * reached: deals that entered it, or passed it on the way to a stage behind it or to being won
-- * advanced: deals that entered it and a stage behind it, or were won
-- * conversion: advanced over entered, NULL where none entered
-- * reached_before: reached of the stage before
-- * conversion_from_previous: reached over reached of the stage before
-- * conversion_from_start: reached over all deals of the pipeline
-- * won: deals won whose last stage it was
-- * lost: deals lost whose last stage it was
-- * open: deals open in it
-- * median_days: median time of the visits that have ended, days
-- * p90_days: 90th percentile of the same, days
-- * open_amount: value of the deals open in it
-- * won_amount: value of the deals won in it
-- * currency: currency of the amounts, empty where there are several
WITH
    defined AS
    (
        SELECT pipeline, mapFromArrays(groupArray(stage), groupArray(position)) AS places
        FROM pipelines
        WHERE kind = 'open'
        GROUP BY pipeline
    ),
    travelled AS
    (
        SELECT
            if(deals.deal != '', deals.pipeline, defined.pipeline) AS pipeline,
            deals.deal != '' AS is_deal,
            is_deal AND deals.status = 'won' AS is_won,
            is_deal AND deals.status = 'lost' AS is_lost,
            is_deal AND deals.status = 'open' AS is_open,
            deals.amount AS amount,
            deals.currency AS currency,
            defined.places AS places,
            arrayMap(step -> step.stage, deals.path) AS steps,
            arrayMap(
                (step, next) -> (step.stage, dateDiff('second', step.entered_at, next) / 86400),
                deals.path,
                arraySlice(
                    arrayPushBack(arrayMap(step -> toNullable(step.entered_at), arrayPopFront(deals.path)), deals.closed_at),
                    1, length(deals.path)
                )
            ) AS visits,
            if(is_won, 4294967295, arrayMax(arrayPushBack(arrayMap(name -> defined.places[name], steps), 0))) AS furthest
        FROM deals
        FULL JOIN defined ON defined.pipeline = deals.pipeline
    ),
    ladder AS
    (
        SELECT
            pipeline,
            stage,
            nullIf(any(places[stage]), 0) AS position,
            countIf(is_deal) AS deals,
            countIf(has(steps, stage)) AS entered,
            countIf(has(steps, stage) OR is_deal AND places[stage] > 0 AND furthest >= places[stage]) AS reached,
            countIf(has(steps, stage) AND (is_won OR furthest > places[stage])) AS advanced,
            countIf(is_won AND steps[-1] = stage) AS won,
            countIf(is_lost AND steps[-1] = stage) AS lost,
            countIf(is_open AND steps[-1] = stage) AS open,
            groupArrayArray(arrayMap(v -> assumeNotNull(v.2), arrayFilter(v -> v.1 = stage AND v.2 IS NOT NULL, visits))) AS days,
            groupUniqArrayIf(currency, currency != '') AS currencies,
            sumIf(amount, is_open AND steps[-1] = stage) AS open_total,
            sumIf(amount, is_won AND steps[-1] = stage) AS won_total
        FROM travelled
        ARRAY JOIN arrayDistinct(arrayConcat(mapKeys(places), steps)) AS stage
        GROUP BY pipeline, stage
    )
SELECT
    pipeline,
    stage,
    position,
    entered,
    reached,
    advanced,
    if(entered > 0, advanced / entered, NULL) AS conversion,
    lagInFrame(toNullable(reached), 1, NULL) OVER in_order AS reached_before,
    if(reached_before > 0, reached / reached_before, NULL) AS conversion_from_previous,
    if(deals > 0, reached / deals, NULL) AS conversion_from_start,
    won,
    lost,
    open,
    if(empty(days), NULL, arrayReduce('quantileExactInclusive(0.5)', days)) AS median_days,
    if(empty(days), NULL, arrayReduce('quantileExactInclusive(0.9)', days)) AS p90_days,
    if(length(currencies) > 1, NULL, open_total) AS open_amount,
    if(length(currencies) > 1, NULL, won_total) AS won_amount,
    if(length(currencies) = 1, currencies[1], '') AS currency
FROM ladder
WINDOW in_order AS (PARTITION BY pipeline ORDER BY position ASC NULLS LAST ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
ORDER BY pipeline, position, stage
