-- Open deals that are in their stage for longer than is normal there.
--
-- Normal is the 90th percentile of the visits to the same stage of the same pipeline that have ended,
-- of all deals at any time: nine of ten visits were over by then. A visit begins when a deal enters a
-- stage, or is reopened in it, and ends when it goes to another stage or pipeline, is won or is lost.
-- Of a stage with fewer than five ended visits nothing is said. Days of 24 hours, weekends too. About
-- one in ten deals that are as alive as any other comes to stand here; it does not say which.
--
-- * deal: deal
-- * account: customer account, empty while unknown
-- * rep: who owns it
-- * pipeline: pipeline it runs through
-- * stage: stage it is in
-- * since: when its visit began
-- * days: how long its visit lasts by now, days
-- * p90_days: how long nine of ten visits to the stage lasted, days
-- * median_days: how long half of them lasted, days
-- * visits: ended visits behind these two
-- * times_p90: days over p90_days
-- * amount: what it is worth, NULL where it does not tell
-- * currency: currency of amount, empty where unknown
-- * last_event_at: when its last event happened
--
-- key: deal, pipeline
-- why: startsWith(type, 'sales.deal.') AND deal IN
--     (
--         SELECT deal FROM deals WHERE has(changes.pipeline, row.pipeline) AND has(changes.stage, row.stage)
--     )
--     OR deal = row.deal
WITH visits AS
(
    SELECT
        deal,
        account,
        owner,
        amount,
        currency,
        last_event_at,
        visit.pipeline AS pipeline,
        visit.stage AS stage,
        visit.at AS since,
        ended_at IS NULL AS lasts,
        greatest(dateDiff('second', visit.at, ifNull(ended_at, as_of())), 0) / 86400 AS days
    FROM
    (
        SELECT
            deal,
            account,
            owner,
            amount,
            currency,
            last_event_at,
            arrayCompact(step -> (step.pipeline, step.stage, step.status), changes) AS visits
        FROM deals
    )
    ARRAY JOIN
        visits AS visit,
        arrayShiftLeft(arrayMap(step -> toNullable(step.at), visits), 1) AS ended_at
    WHERE visit.status = 'open' AND visit.stage != ''
)
SELECT
    waiting.1 AS deal,
    waiting.2 AS account,
    waiting.3 AS rep,
    pipeline,
    stage,
    waiting.4 AS since,
    waiting.5 AS days,
    p90_days,
    median_days,
    visits,
    days / nullIf(p90_days, 0) AS times_p90,
    waiting.6 AS amount,
    waiting.7 AS currency,
    waiting.8 AS last_event_at
FROM
(
    SELECT
        pipeline,
        stage,
        groupArrayIf(days, NOT lasts) AS ended,
        length(ended) AS visits,
        median_of(ended) AS median_days,
        p90_of(ended) AS p90_days,
        groupArrayIf((deal, account, owner, since, days, amount, toString(currency), last_event_at), lasts) AS lasting
    FROM visits
    GROUP BY pipeline, stage
)
ARRAY JOIN arrayFilter(one -> ifNull(one.5 > p90_days, false), lasting) AS waiting
ORDER BY times_p90 DESC, deal
