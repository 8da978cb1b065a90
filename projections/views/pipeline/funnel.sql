-- How many deals entered each stage of each pipeline, how many went on, and what became of the rest.
--
-- A deal enters a stage when an event says so, once however often it returns; a stage that it
-- skipped it has reached but not entered. It has advanced when it later entered a stage of a higher
-- position, or was won. Conversion is advanced over entered, so deals still in the stage count as
-- not advanced yet: it does not say what will become of them. Times in a stage are those of visits
-- that have ended, in days of 24 hours. Amounts are of one currency, or NULL where the deals that
-- entered the stage have several.
--
-- * pipeline: pipeline the deals run through
-- * stage: stage of the pipeline
-- * position: place of the stage in the pipeline as last defined, NULL where it is not defined
-- * entered: deals that entered the stage
-- * reached: deals that entered it, or passed it on the way to a stage behind it or to being won
-- * advanced: deals that entered it and a stage behind it, or were won
-- * conversion: advanced over entered, NULL where none entered
-- * reached_before: reached of the stage before, NULL where there is none or the stage is not defined
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
--
-- key: pipeline, stage
-- why: deal IN
--     (
--         SELECT deal FROM deals
--         WHERE pipeline = row.pipeline
--         AND (
--             has(path.stage, row.stage)
--             OR row.position IS NOT NULL AND (
--                 status = 'won' OR arrayExists(
--                     step -> step IN (SELECT stage FROM pipelines WHERE pipeline = row.pipeline AND kind = 'open' AND position >= row.position),
--                     path.stage
--                 )
--             )
--         )
--     ) AND startsWith(type, 'sales.deal.')
--     OR type = 'sales.pipeline.defined.v1' AND pipeline = row.pipeline
-- explains: position, entered, reached, advanced, conversion, won, lost, open, median_days, p90_days,
--     open_amount, won_amount, currency
WITH
    defined AS
    (
        SELECT pipeline, groupArray(stage) AS stages, groupArray(position) AS places
        FROM pipelines
        WHERE kind = 'open'
        GROUP BY pipeline
    ),
    -- Deals that went the same way are one row: there are few ways.
    ways AS
    (
        SELECT
            pipeline,
            steps,
            status,
            currency,
            count() AS deals,
            sum(amount) AS amount,
            groupArrayForEach(times) AS times -- by step, of all these deals; it leaves NULL out
        FROM
        (
            SELECT
                pipeline,
                status,
                currency,
                amount,
                path.stage AS steps,
                arrayMap(
                    (entered, next) -> dateDiff('second', entered, next) / 86400,
                    path.entered_at,
                    arraySlice(
                        arrayPushBack(arrayMap(entered -> toNullable(entered), arrayPopFront(path.entered_at)), closed_at),
                        1, length(path)
                    )
                ) AS times
            FROM deals
        )
        GROUP BY pipeline, steps, status, currency
    ),
    placed AS
    (
        SELECT
            ways.pipeline AS pipeline,
            defined.stages AS stages,
            defined.places AS places,
            ways.steps AS steps,
            ways.status AS status,
            ways.currency AS currency,
            ways.deals AS deals,
            ways.amount AS amount,
            ways.times AS times,
            if(status = 'won', 4294967295, arrayMax(arrayPushBack(arrayMap(name -> places[indexOf(stages, name)], steps), 0))) AS furthest
        FROM
        (
            SELECT * FROM ways
            UNION ALL -- the stages of a pipeline that no deal has entered
            SELECT pipeline, [], '', '', 0, NULL, [] FROM defined
        ) AS ways
        LEFT ANY JOIN defined ON defined.pipeline = ways.pipeline
    ),
    ladder AS
    (
        SELECT
            pipeline,
            stage,
            nullIf(any(places[indexOf(stages, stage)]), 0) AS position,
            sum(deals) AS deals_in_all,
            sumIf(deals, has(steps, stage)) AS entered,
            sumIf(deals, has(steps, stage) OR has(stages, stage) AND furthest >= places[indexOf(stages, stage)]) AS reached,
            sumIf(deals, has(steps, stage) AND furthest > places[indexOf(stages, stage)]) AS advanced,
            sumIf(deals, steps[-1] = stage AND status = 'won') AS won,
            sumIf(deals, steps[-1] = stage AND status = 'lost') AS lost,
            sumIf(deals, steps[-1] = stage AND status = 'open') AS open,
            sum(length(arrayFlatten(arrayFilter((told, step) -> step = stage, times, steps)) AS days)) AS visits,
            quantilesExactInclusiveArray(0.5, 0.9)(days) AS quantiles,
            groupUniqArrayIf(currency, currency != '' AND has(steps, stage)) AS currencies,
            sumIf(amount, steps[-1] = stage AND status = 'open') AS open_total,
            sumIf(amount, steps[-1] = stage AND status = 'won') AS won_total
        FROM placed
        ARRAY JOIN arrayDistinct(arrayConcat(stages, steps)) AS stage
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
    if(position IS NULL, NULL, lagInFrame(toNullable(reached), 1, NULL) OVER in_order) AS reached_before,
    if(reached_before > 0, reached / reached_before, NULL) AS conversion_from_previous,
    if(deals_in_all > 0, reached / deals_in_all, NULL) AS conversion_from_start,
    won,
    lost,
    open,
    if(visits = 0, NULL, quantiles[1]) AS median_days,
    if(visits = 0, NULL, quantiles[2]) AS p90_days,
    if(length(currencies) > 1, NULL, open_total) AS open_amount,
    if(length(currencies) > 1, NULL, won_total) AS won_amount,
    if(length(currencies) = 1, currencies[1], '') AS currency
FROM ladder
WINDOW in_order AS (PARTITION BY pipeline ORDER BY position ASC NULLS LAST, stage ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
ORDER BY pipeline, position, stage
