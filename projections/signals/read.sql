-- One row per signal that was raised. A signal that is raised again after it was cleared stands again.
--
-- * signal: name of the signal
-- * account: customer account, empty where none
-- * rule: the rule that fired
-- * evidence: what it fired on
-- * status: raised, acknowledged or cleared
-- * raised_at: since when the rule holds, as last raised
-- * raised: how often it was raised
-- * acknowledged_at: when a person last took it on, NULL where nobody looks after it
-- * acknowledged_by: who that was, empty where nobody
-- * cleared_at: when it was cleared, NULL where it stands
-- * outcome: what became of it, such as solved, false_alarm, passed; empty where it stands
-- * note: what was last said about it
-- * source: where it was raised
-- * cleared_from: where it was cleared, empty where it stands
SELECT
    signal,
    account,
    argMaxIf(told.rule, place, step = 'raised') AS rule,
    argMaxIf(told.evidence, place, step = 'raised') AS evidence,
    multiIf(
        maxIf(place, step = 'cleared') > maxIf(place, step = 'raised'), 'cleared',
        maxIf(place, step = 'acknowledged') > maxIf(place, step = 'raised'), 'acknowledged',
        'raised'
    ) AS status,
    argMaxIf(time, place, step = 'raised') AS raised_at,
    countIf(step = 'raised') AS raised,
    if(maxIf(place, step = 'acknowledged') > maxIf(place, step = 'raised'), argMaxIf(time, place, step = 'acknowledged'), NULL) AS acknowledged_at,
    if(acknowledged_at IS NULL, '', argMaxIf(actor, place, step = 'acknowledged')) AS acknowledged_by,
    if(status = 'cleared', argMaxIf(time, place, step = 'cleared'), NULL) AS cleared_at,
    if(status = 'cleared', argMaxIf(told.outcome, place, step = 'cleared'), '') AS outcome,
    argMaxIf(told.note, place, told.note != '') AS note,
    argMaxIf(told.source, place, step = 'raised') AS source,
    if(status = 'cleared', argMaxIf(told.source, place, step = 'cleared'), '') AS cleared_from
FROM
(
    SELECT
        account, s.signal AS signal, s.time AS time, s.step AS step, s.rule AS rule, s.evidence AS evidence,
        s.actor AS actor, s.note AS note, s.outcome AS outcome, s.source AS source, (s.time, key, n) AS place
    FROM rows
    ARRAY JOIN steps AS s, arrayEnumerate(steps) AS n
) AS told
GROUP BY signal, account
HAVING raised > 0
