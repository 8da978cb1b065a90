-- How many deals entered each stage of each pipeline, how many went on, and what became of the rest.
--
-- A deal enters a stage when an event says so, once however often it returns; a stage that it passed
-- over on the way to a stage behind it, or to being won, it has reached and skipped. It has advanced
-- when it entered a stage of a higher position after that, or was won. Conversion is advanced over
-- entered, so deals still in the stage count as not advanced yet. A row is mature where no open deal of it
-- that has not advanced entered the stage a shorter time ago than nine of ten visits to it lasted, in all
-- rows of the answer, where there are five; before that its rates can only rise, and must not be read as
-- a fall. Times in a stage are those of visits that have ended, in days of 24 hours. Periods are those
-- in which the deals were opened, so that a row is a cohort. Amounts are of one currency, or NULL where
-- the deals that entered the stage have several.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period the deals were opened in, NULL where none is asked for
-- * pipeline: pipeline the deals run through
-- * stage: stage of the pipeline
-- * position: place of the stage in the pipeline as last defined, NULL where it is not defined
-- * entered: deals that entered the stage
-- * skipped: deals that passed it over
-- * reached: deals that did the one or the other
-- * advanced: deals that entered it and then a stage behind it, or were won
-- * conversion: advanced over entered, NULL where none entered
-- * conversion_low: lower end of its 95 % interval
-- * conversion_high: upper end of its 95 % interval
-- * undecided: open deals that have not advanced and entered it too lately to tell
-- * mature: 1 where there are none of those, else 0
-- * reached_before: reached of the stage before, NULL where there is none or the stage is not defined
-- * conversion_from_previous: reached over reached of the stage before
-- * conversion_from_previous_low: lower end of its 95 % interval
-- * conversion_from_previous_high: upper end of its 95 % interval
-- * deals: all deals of the pipeline
-- * conversion_from_start: reached over those
-- * conversion_from_start_low: lower end of its 95 % interval
-- * conversion_from_start_high: upper end of its 95 % interval
-- * moves_back: moves from it to a stage of a lower position, of deals taken up again as well
-- * won: deals won whose last stage it was
-- * lost: deals lost whose last stage it was
-- * open: deals open in it
-- * visits: visits that have ended
-- * median_days: median time of those, days, NULL below five
-- * p90_days: 90th percentile of the same, days, NULL below five
-- * open_amount: value of the deals open in it
-- * won_amount: value of the deals won in it
-- * currency: currency of the amounts, empty where there are several
--
-- key: slice, period, pipeline, stage
-- formula: Wilson score interval (E. B. Wilson, JASA 22, 1927, 209-212)
-- why: deal IN
--     (
--         SELECT deal FROM sliced(deals, rep = owner, account = account, deal = deal, product = product, at = opened_at)
--         WHERE slice = row.slice AND isNotDistinctFrom(period, row.period) AND pipeline = row.pipeline
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
-- explains: position, entered, skipped, reached, advanced, conversion, conversion_low, conversion_high,
--     moves_back, won, lost, open, visits, median_days, p90_days, open_amount, won_amount, currency
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
            slice,
            period,
            pipeline,
            steps,
            status,
            currency,
            count() AS deals,
            sum(amount) AS amount,
            groupArrayForEach(times) AS times, -- by step, of all these deals; it leaves NULL out
            groupArrayForEach(ages) AS ages -- the same, of open deals
        FROM
        (
            SELECT
                slice,
                period,
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
                ) AS times,
                if(status = 'open', arrayMap(entered -> dateDiff('second', entered, as_of()) / 86400, path.entered_at), []) AS ages
            FROM sliced(deals, rep = owner, account = account, deal = deal, product = product, at = opened_at)
        )
        GROUP BY slice, period, pipeline, steps, status, currency
    ),
    -- Without slices and periods, pipelines that no deal runs through have a row as well.
    placed AS
    (
        SELECT
            ways.slice AS slice,
            ways.period AS period,
            ways.pipeline AS pipeline,
            defined.stages AS stages,
            defined.places AS places,
            ways.steps AS steps,
            ways.status AS status,
            ways.currency AS currency,
            ways.deals AS deals,
            ways.amount AS amount,
            ways.times AS times,
            ways.ages AS ages,
            arrayMap(name -> places[indexOf(stages, name)], steps) AS ranks,
            arrayConcat(steps, arrayFilter(name -> NOT has(steps, name), stages)) AS names,
            if(status = 'won', 4294967295, arrayMax(arrayPushBack(ranks, 0))) AS furthest,
            sum(ways.deals) OVER (PARTITION BY slice, period, pipeline) AS deals_in_all
        FROM
        (
            SELECT * FROM ways
            UNION ALL
            SELECT '', NULL, pipeline, [], '', '', 0, NULL, [], [] FROM defined WHERE by() = '' AND period() = ''
        ) AS ways
        LEFT ANY JOIN defined ON defined.pipeline = ways.pipeline
    ),
    -- Per way and visit, and per stage that was not visited: what those deals did there. Times lie beside
    -- their visits, and are not copied for each stage.
    rungs AS
    (
        SELECT
            slice,
            period,
            pipeline,
            status,
            currency,
            deals,
            amount,
            deals_in_all,
            stage,
            days,
            places[indexOf(stages, stage)] AS place,
            nth = indexOf(names, stage) AS first,
            first AND nth <= length(steps) AS enters,
            first AND (enters OR place > 0 AND furthest >= place) AS reaches,
            enters AND (status = 'won' OR arrayMax(arrayPushBack(arraySlice(ranks, nth), 0)) > place) AS advances,
            first AND steps[-1] = stage AS ends,
            if(first, arrayCount(
                (name, rank, next) -> name = stage AND next > 0 AND next < rank,
                arrayPopBack(steps), arrayPopBack(ranks), arrayPopFront(ranks)
            ), 0) AS backs,
            if(enters AND NOT advances, waited, []) AS waits
        FROM placed
        ARRAY JOIN
            names AS stage,
            arrayEnumerate(names) AS nth,
            arrayResize(times, length(names)) AS days,
            arrayResize(ages, length(names)) AS waited
    ),
    ladder AS
    (
        SELECT
            slice,
            period,
            pipeline,
            stage,
            nullIf(any(place), 0) AS position,
            any(deals_in_all) AS deals,
            sumIf(rungs.deals, enters) AS entered,
            sumIf(rungs.deals, reaches) AS reached,
            sumIf(rungs.deals, advances) AS advanced,
            sum(rungs.deals * backs) AS moves_back,
            sumIf(rungs.deals, ends AND status = 'won') AS won,
            sumIf(rungs.deals, ends AND status = 'lost') AS lost,
            sumIf(rungs.deals, ends AND status = 'open') AS open,
            sum(length(days)) AS visits,
            quantilesExactInclusiveArray(0.5, 0.9)(days) AS quantiles,
            quantileExactInclusiveArrayState(0.9)(days) AS taken,
            groupArrayArray(waits) AS waiting,
            groupUniqArrayIf(currency, currency != '' AND enters) AS currencies,
            sumIf(amount, ends AND status = 'open') AS open_total,
            sumIf(amount, ends AND status = 'won') AS won_total
        FROM rungs
        GROUP BY slice, period, pipeline, stage
    ),
    judged AS
    (
        SELECT
            *,
            if(position IS NULL, NULL, lagInFrame(toNullable(reached), 1, NULL) OVER in_order) AS reached_before,
            if(enough(sum(visits) OVER of_stage), quantileExactInclusiveArrayMerge(0.9)(taken) OVER of_stage, NULL) AS usual_days
        FROM ladder
        WINDOW
            in_order AS (PARTITION BY slice, period, pipeline ORDER BY position ASC NULLS LAST, stage ROWS BETWEEN 1 PRECEDING AND CURRENT ROW),
            of_stage AS (PARTITION BY pipeline, stage)
    ),
    -- An expression is planned wherever it is named: the three intervals are one.
    rated AS
    (
        SELECT
            *,
            arrayMap(
                (k, n) -> (rate_of(k, n), wilson_low(k, n), wilson_high(k, n)),
                [advanced, reached, reached],
                [entered, ifNull(reached_before, 0), deals]
            ) AS rates,
            arrayCount(age -> ifNull(age < usual_days, true), waiting) AS undecided
        FROM judged
    )
SELECT
    slice,
    period,
    pipeline,
    stage,
    position,
    entered,
    reached - entered AS skipped,
    reached,
    advanced,
    rates[1].1 AS conversion,
    rates[1].2 AS conversion_low,
    rates[1].3 AS conversion_high,
    undecided,
    undecided = 0 AS mature,
    reached_before,
    rates[2].1 AS conversion_from_previous,
    rates[2].2 AS conversion_from_previous_low,
    rates[2].3 AS conversion_from_previous_high,
    deals,
    rates[3].1 AS conversion_from_start,
    rates[3].2 AS conversion_from_start_low,
    rates[3].3 AS conversion_from_start_high,
    moves_back,
    won,
    lost,
    open,
    visits,
    if(enough(visits), quantiles[1], NULL) AS median_days,
    if(enough(visits), quantiles[2], NULL) AS p90_days,
    if(length(currencies) > 1, NULL, open_total) AS open_amount,
    if(length(currencies) > 1, NULL, won_total) AS won_amount,
    if(length(currencies) = 1, currencies[1], '') AS currency
FROM rated
ORDER BY period, slice, pipeline, position, stage
