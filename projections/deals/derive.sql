-- A deal is the fold of its events in the order (time, sequence, source, id).
-- What closes or opens it last decides its status; what names a stage, an owner, an amount last
-- decides those. Activities on a deal count as its events but change none of these.
SELECT
    key,
    deal,
    argMaxIf(account, moment, live AND account != '') AS account,
    argMaxIf(assumeNotNull(pipeline), moment, own AND pipeline IS NOT NULL) AS pipeline,
    argMaxIf(assumeNotNull(stage), moment, staged) AS stage,
    if(countIf(outcome_told) = 0, 'open', argMaxIf(outcome, moment, outcome_told)) AS status,
    coalesce(
        argMaxOrNullIf(actor, moment, own AND actor != '' AND type IN ('sales.deal.opened.v1', 'sales.deal.owner_changed.v1')),
        argMaxIf(actor, moment, own AND actor != '')
    ) AS owner,
    argMaxOrNullIf(assumeNotNull(amount), moment, priced) AS amount,
    argMaxIf(ifNull(currency, ''), moment, priced) AS currency,
    argMaxIf(assumeNotNull(product), moment, own AND product IS NOT NULL) AS product,
    argMaxIf(assumeNotNull(lead), moment, own AND lead IS NOT NULL) AS lead,
    coalesce(minOrNullIf(time, live AND type = 'sales.deal.opened.v1'), minIf(time, live)) AS opened_at,
    -- Not `argMax` of a NULL: that passes over it, and a deal taken up again would stay closed.
    if(status = 'open', NULL, argMaxOrNullIf(time, moment, outcome_told)) AS closed_at,
    path[-1].entered_at AS stage_since,
    argMaxOrNullIf(assumeNotNull(expected_close), moment, own AND expected_close IS NOT NULL) AS expected_close,
    argMaxIf(if(outcome != 'open', ifNull(reason, ''), ''), moment, outcome_told) AS reason,
    argMaxIf(if(outcome = 'lost', ifNull(competitor, ''), ''), moment, outcome_told) AS competitor,
    arrayMap(
        step -> CAST((step.3, step.2), 'Tuple(stage LowCardinality(String), entered_at DateTime64(6, \'UTC\'))'),
        arrayCompact(step -> step.3, arraySort(groupArrayIf((moment, time, assumeNotNull(told.stage)), staged)))
    ) AS path,
    -- What an event does not tell is as before: `arrayFill` puts the last that was told.
    CAST(arrayCompact(
        step -> (step.2, step.3, step.4, step.5, step.6, step.7),
        arrayMap(
            (step, status, pipeline, stage, price, expected_close) -> (step.2, if(status = '', 'open', status), pipeline, stage, price.1, price.2, expected_close),
            arraySort(groupArrayIf(
                (
                    moment,
                    time,
                    if(outcome_told, outcome, ''),
                    ifNull(told.pipeline, ''),
                    if(staged, assumeNotNull(told.stage), ''),
                    if(priced, (told.amount, ifNull(told.currency, '')), (NULL, '')),
                    told.expected_close
                ),
                own
            )) AS steps,
            arrayFill(status -> status != '', steps.3),
            arrayFill(pipeline -> pipeline != '', steps.4),
            arrayFill(stage -> stage != '', steps.5),
            arrayFill(price -> price.1 IS NOT NULL, steps.6),
            arrayFill(day -> day IS NOT NULL, steps.7)
        )
    ), 'Array(Tuple(at DateTime64(6, \'UTC\'), status LowCardinality(String), pipeline LowCardinality(String), stage LowCardinality(String), amount Nullable(Decimal(38, 9)), currency LowCardinality(String), expected_close Nullable(Date32)))') AS changes,
    maxIf(time, live) AS last_event_at,
    countIf(live) AS events,
    sum(positions) AS version,
    countIf(own) = 0 AS is_deleted
FROM
(
    SELECT
        *,
        live AND startsWith(type, 'sales.deal.') AS own,
        own AND stage IS NOT NULL AND type IN ('sales.deal.opened.v1', 'sales.deal.stage_changed.v1', 'sales.deal.reopened.v1') AS staged,
        own AND amount IS NOT NULL
            AND type IN ('sales.deal.opened.v1', 'sales.deal.amount_changed.v1', 'sales.deal.won.v1', 'sales.deal.lost.v1') AS priced,
        own AND type IN ('sales.deal.opened.v1', 'sales.deal.reopened.v1', 'sales.deal.won.v1', 'sales.deal.lost.v1') AS outcome_told,
        multiIf(type = 'sales.deal.won.v1', 'won', type = 'sales.deal.lost.v1', 'lost', 'open') AS outcome
    FROM effective
    WHERE deal != ''
) AS told
GROUP BY key, deal
