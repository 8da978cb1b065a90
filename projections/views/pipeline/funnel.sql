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
        SELECT pipeline, groupArray(stage) AS stages, mapFromArrays(groupArray(stage), groupArray(position)) AS places
        FROM pipelines
        WHERE kind = 'open'
        GROUP BY pipeline
    ),
    travelled AS
    (
        SELECT
            deals.pipeline AS pipeline,
            deals.status AS status,
            deals.amount AS amount,
            deals.currency AS currency,
            defined.places AS places,
            arrayMap(step -> step.stage, deals.path) AS steps,
            arrayMap(
                (step, next) -> (step.stage, dateDiff('second', step.entered_at, next) / 86400),
                deals.path,
                arrayPushBack(arrayMap(step -> toNullable(step.entered_at), arrayPopFront(deals.path)), deals.closed_at)
            ) AS visits,
            if(deals.status = 'won', 4294967295, arrayMax(arrayPushBack(arrayMap(name -> defined.places[name], steps), 0))) AS furthest
        FROM deals
        LEFT JOIN defined ON defined.pipeline = deals.pipeline
    ),
    by_stage AS
    (
        SELECT
            pipeline,
            stage,
            count() AS entered,
            countIf(status = 'won' OR furthest > places[stage]) AS advanced,
            countIf(is_last AND status = 'won') AS won,
            countIf(is_last AND status = 'lost') AS lost,
            countIf(is_last AND status = 'open') AS open,
            groupArrayArray(arrayMap(v -> assumeNotNull(v.2), arrayFilter(v -> v.1 = stage AND v.2 IS NOT NULL, visits))) AS days,
            sumIf(amount, is_last AND status = 'open') AS open_amount,
            sumIf(amount, is_last AND status = 'won') AS won_amount,
            groupUniqArrayIf(currency, currency != '') AS currencies
        FROM
        (
            SELECT *, stage, steps[-1] = stage AS is_last
            FROM travelled
            ARRAY JOIN arrayDistinct(steps) AS stage
        )
        GROUP BY pipeline, stage
    ),
    by_pipeline AS
    (
        SELECT pipeline, any(places) AS places, count() AS deals, sumMap(map(toUInt64(furthest), 1)) AS furthests
        FROM travelled
        GROUP BY pipeline
    ),
    rungs AS
    (
        SELECT pipeline, stage, entered, advanced, won, lost, open, days, open_amount, won_amount, currencies FROM by_stage
        UNION ALL
        SELECT pipeline, arrayJoin(stages), 0, 0, 0, 0, 0, [], NULL, NULL, [] FROM defined
    ),
    ladder AS
    (
        SELECT
            rungs.pipeline AS pipeline,
            rungs.stage AS stage,
            nullIf(any(by_pipeline.places)[stage], 0) AS position,
            any(by_pipeline.deals) AS deals,
            sum(rungs.entered) AS entered,
            sum(rungs.advanced) AS advanced,
            sum(rungs.won) AS won,
            sum(rungs.lost) AS lost,
            sum(rungs.open) AS open,
            groupArrayArray(rungs.days) AS days,
            sum(rungs.open_amount) AS open_amount,
            sum(rungs.won_amount) AS won_amount,
            arrayDistinct(groupArrayArray(rungs.currencies)) AS currencies,
            if(
                position IS NULL,
                entered,
                arraySum((furthest, n) -> if(furthest >= position, n, 0), mapKeys(any(by_pipeline.furthests)), mapValues(any(by_pipeline.furthests)))
            ) AS reached
        FROM rungs
        LEFT JOIN by_pipeline ON by_pipeline.pipeline = rungs.pipeline
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
    if(length(currencies) > 1, NULL, open_amount) AS open_amount,
    if(length(currencies) > 1, NULL, won_amount) AS won_amount,
    if(length(currencies) = 1, currencies[1], '') AS currency
FROM ladder
WINDOW in_order AS (PARTITION BY pipeline ORDER BY position ASC NULLS LAST ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
ORDER BY pipeline, position, stage
