-- A deal is the fold of its events in the order (time, sequence, source, id).
-- What closes or opens it last decides its status; what names a stage, an owner, an amount last
-- decides those. Activities on a deal count as its events but change none of these.
SELECT
    key,
    deal,
    account,
    pipelines[-1] AS pipeline,
    stages[-1] AS stage,
    if(told = [], 'open', statuses[-1]) AS status,
    owner,
    prices[-1].1 AS amount,
    prices[-1].2 AS currency,
    product,
    lead,
    opened_at,
    if(status = 'open', NULL, arrayLast(step -> step.decided != '', told).time) AS closed_at,
    path[-1].entered_at AS stage_since,
    days[-1] AS expected_close,
    reason,
    competitor,
    arrayMap(
        step -> CAST((step.stage, step.time), 'Tuple(stage LowCardinality(String), entered_at DateTime64(6, \'UTC\'))'),
        arrayCompact(step -> step.stage, arrayFilter(step -> step.stage != '', told))
    ) AS path,
    CAST(
        arrayCompact(step -> (step.2, step.3, step.4, step.5, step.6, step.7), arrayMap(
            (step, status, pipeline, stage, price, day) -> (step.time, status, pipeline, stage, price.1, price.2, day),
            told, statuses, pipelines, stages, prices, days
        )),
        'Array(Tuple(at DateTime64(6, \'UTC\'), status LowCardinality(String), pipeline LowCardinality(String), stage LowCardinality(String), amount Nullable(Decimal(38, 9)), currency LowCardinality(String), expected_close Nullable(Date32)))'
    ) AS changes,
    last_event_at,
    events,
    version,
    is_deleted
FROM
(
    SELECT
        *,
        -- What an event does not tell is as before: `arrayFill` puts the last that was told.
        arrayMap(status -> if(status = '', 'open', status), arrayFill(status -> status != '', told.decided)) AS statuses,
        arrayFill(pipeline -> pipeline != '', told.pipeline) AS pipelines,
        arrayFill(stage -> stage != '', told.stage) AS stages,
        arrayFill(price -> price.1 IS NOT NULL, told.price) AS prices,
        arrayFill(day -> day IS NOT NULL, told.day) AS days
    FROM
    (
        SELECT
            key,
            deal,
            argMaxIf(account, moment, live AND account != '') AS account,
            coalesce(
                argMaxOrNullIf(actor, moment, own AND actor != '' AND type IN ('sales.deal.opened.v1', 'sales.deal.owner_changed.v1')),
                argMaxIf(actor, moment, own AND actor != '')
            ) AS owner,
            argMaxIf(assumeNotNull(product), moment, own AND product IS NOT NULL) AS product,
            argMaxIf(assumeNotNull(lead), moment, own AND lead IS NOT NULL) AS lead,
            coalesce(minOrNullIf(time, live AND type = 'sales.deal.opened.v1'), minIf(time, live)) AS opened_at,
            argMaxIf(if(decided != 'open', ifNull(reason, ''), ''), moment, decided != '') AS reason,
            argMaxIf(if(decided = 'lost', ifNull(competitor, ''), ''), moment, decided != '') AS competitor,
            CAST(
                arraySort(groupArrayIf((moment, time, decided, ifNull(pipeline, ''), if(staged, ifNull(stage, ''), ''), if(priced, (amount, ifNull(currency, '')), (NULL, '')), expected_close), own)),
                'Array(Tuple(moment UInt64, time DateTime64(6, \'UTC\'), decided LowCardinality(String), pipeline String, stage String, price Tuple(Nullable(Decimal(38, 9)), String), day Nullable(Date32)))'
            ) AS told,
            maxIf(time, live) AS last_event_at,
            countIf(live) AS events,
            sum(positions) AS version,
            countIf(own) = 0 AS is_deleted
        FROM
        (
            SELECT
                *,
                live AND startsWith(type, 'sales.deal.') AS own,
                own AND type IN ('sales.deal.opened.v1', 'sales.deal.stage_changed.v1', 'sales.deal.reopened.v1') AS staged,
                own AND amount IS NOT NULL
                    AND type IN ('sales.deal.opened.v1', 'sales.deal.amount_changed.v1', 'sales.deal.won.v1', 'sales.deal.lost.v1') AS priced,
                multiIf(
                    NOT own, '',
                    type = 'sales.deal.won.v1', 'won',
                    type = 'sales.deal.lost.v1', 'lost',
                    type IN ('sales.deal.opened.v1', 'sales.deal.reopened.v1'), 'open',
                    ''
                ) AS decided
            FROM effective
        )
        GROUP BY key, deal
    )
)
