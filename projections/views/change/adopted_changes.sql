-- What was changed, since when, and whom it is for.
--
-- A process, a strategy, a tool or another thing that was adopted, an incentive plan that was published,
-- and a training, each day on which reps completed it for itself. What was told last of a change and a
-- first day holds. It is for the reps who completed the training, or who on its first day belonged to
-- the team, the territory and one of the roles it names; where it names none of these, it is for all. It
-- does not say whether it was kept to.
--
-- * kind: kind of the change: training, incentive_plan, or what was adopted, such as process or tool
-- * change: the change, the plan or the training
-- * valid_from: its first day
-- * description: what changed, empty where not told
-- * names_reps: 1 where it is for some reps, 0 where for all
-- * reps: reps it is for, empty where it is for all
-- * pipeline: pipeline it is for, empty where for all
-- * product: product it is for, empty where for all
-- * segment: segment of customers it is for, empty where for all
--
-- key: kind, change, valid_from
-- why: type IN ('sales.change.adopted.v1', 'sales.incentive_plan.published.v1', 'sales.training.completed.v1')
--         AND row.change IN (ifNull(change, ''), ifNull(incentive_plan, ''), ifNull(training, ''))
--     OR row.names_reps AND row.kind != 'training' AND (startsWith(type, 'sales.rep.') OR type = 'sales.team.defined.v1')
-- explains: description, names_reps, reps, pipeline, product, segment
WITH told AS
(
    SELECT
        multiIf(type = 'sales.change.adopted.v1', assumeNotNull(toString(change_type)), type = 'sales.training.completed.v1', 'training', 'incentive_plan') AS kind,
        assumeNotNull(coalesce(facts.change, incentive_plan, training)) AS change,
        if(kind = 'training', local_day(time), assumeNotNull(facts.valid_from)) AS valid_from,
        groupUniqArrayIf(facts.rep, kind = 'training') AS trained,
        argMax(
            (
                ifNull(facts.description, ''), ifNull(facts.pipeline, ''), ifNull(facts.product, ''), ifNull(facts.segment, ''),
                ifNull(facts.team, ''), ifNull(facts.territory, ''), roles
            ),
            moment
        ) AS last,
        last.5 != '' OR last.6 != '' OR notEmpty(last.7) AS names_unit
    FROM facts
    WHERE type IN ('sales.change.adopted.v1', 'sales.incentive_plan.published.v1', 'sales.training.completed.v1')
    GROUP BY kind, change, valid_from
)
SELECT
    kind,
    change,
    told.valid_from AS valid_from,
    last.1 AS description,
    told.names_unit OR kind = 'training' AS names_reps,
    arraySort(if(told.names_unit, arrayDistinct(arrayMap(span -> span.1, arrayFilter(
        span -> told.valid_from >= span.5 AND told.valid_from < span.6
            AND last.5 IN ('', span.2) AND last.6 IN ('', span.3) AND (empty(last.7) OR has(last.7, span.4)),
        units.spans
    ))), trained)) AS reps,
    last.2 AS pipeline,
    last.3 AS product,
    last.4 AS segment
FROM told
LEFT ANY JOIN
(
    SELECT
        true AS names_unit,
        groupArray((
            rep, team, territory, role, local_day(memberships.valid_from), ifNull(local_day(valid_to), toDate32('2299-12-31'))
        )) AS spans
    FROM memberships
) AS units ON units.names_unit = told.names_unit
ORDER BY valid_from, kind, change
