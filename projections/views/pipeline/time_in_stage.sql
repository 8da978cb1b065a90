-- How long deals stay in each stage: at first, in all, and now.
--
-- A visit begins when a deal enters a stage, or is reopened in it, and ends when it goes to another
-- stage or pipeline, is won or is lost. First times are those of first visits that have ended; times
-- in all those of deals that are not in the stage now, all visits added up; times now those of the
-- visits that last. Days of 24 hours, weekends too. As long as deals are in the stage the first two
-- know only the quicker ones; the last says how long the others have been waiting.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period the deals were opened in, NULL where none is asked for
-- * pipeline: pipeline
-- * stage: stage of the pipeline
-- * position: place of the stage in the pipeline as last defined, NULL where it is not defined
-- * visits: visits that have ended
-- * first_visits: first visits of a deal that have ended
-- * first_median_days: median time of those, days, NULL below five
-- * first_p90_days: 90th percentile of the same, NULL below five
-- * left: deals that were in the stage and are not now
-- * total_median_days: median of their time in it in all, days, NULL below five
-- * total_p90_days: 90th percentile of the same, NULL below five
-- * staying: deals in it now
-- * now_median_days: median time of their visit so far, days, NULL below five
-- * now_p90_days: 90th percentile of the same, NULL below five
--
-- key: slice, period, pipeline, stage
-- why: startsWith(type, 'sales.deal.') AND deal IN
--     (
--         SELECT deal FROM sliced(deals, rep = owner, account = account, deal = deal, product = product, at = opened_at)
--         WHERE slice = row.slice AND isNotDistinctFrom(period, row.period)
--         AND has(changes.pipeline, row.pipeline) AND has(changes.stage, row.stage)
--     )
--     OR type = 'sales.pipeline.defined.v1' AND pipeline = row.pipeline
WITH
    visits AS
    (
        SELECT
            slice,
            period,
            key,
            deal,
            visit.pipeline AS pipeline,
            visit.stage AS stage,
            ended_at IS NULL AS lasts,
            greatest(dateDiff('second', visit.at, ifNull(ended_at, as_of())), 0) / 86400 AS days,
            place
        FROM
        (
            SELECT
                slice,
                period,
                key,
                deal,
                arrayCompact(step -> (step.pipeline, step.stage, step.status), changes) AS visits
            FROM sliced(deals, rep = owner, account = account, deal = deal, product = product, at = opened_at)
        )
        ARRAY JOIN
            visits AS visit,
            arrayShiftLeft(arrayMap(step -> toNullable(step.at), visits), 1) AS ended_at,
            arrayEnumerate(visits) AS place
        WHERE visit.status = 'open' AND visit.stage != ''
    ),
    stays AS
    (
        SELECT
            slice,
            period,
            pipeline,
            stage,
            countIf(NOT lasts) AS ended,
            argMin(days, place) AS first_days,
            argMin(lasts, place) AS first_lasts,
            max(lasts) AS stays,
            sum(days) AS total_days,
            sumIf(days, lasts) AS now_days
        FROM visits
        GROUP BY slice, period, key, deal, pipeline, stage
    ),
    listed AS
    (
        SELECT
            slice,
            period,
            pipeline,
            stage,
            sum(ended) AS visits,
            groupArrayIf(first_days, NOT first_lasts) AS first_times,
            groupArrayIf(total_days, NOT stays) AS total_times,
            groupArrayIf(now_days, stays) AS now_times
        FROM stays
        GROUP BY slice, period, pipeline, stage
    )
SELECT
    slice,
    period,
    listed.pipeline AS pipeline,
    listed.stage AS stage,
    nullIf(pipelines.position, 0) AS position,
    listed.visits AS visits,
    length(first_times) AS first_visits,
    median_of(first_times) AS first_median_days,
    p90_of(first_times) AS first_p90_days,
    length(total_times) AS left,
    median_of(total_times) AS total_median_days,
    p90_of(total_times) AS total_p90_days,
    length(now_times) AS staying,
    median_of(now_times) AS now_median_days,
    p90_of(now_times) AS now_p90_days
FROM listed
LEFT ANY JOIN pipelines ON pipelines.pipeline = listed.pipeline AND pipelines.stage = listed.stage
ORDER BY period, slice, pipeline, position ASC NULLS LAST, stage
