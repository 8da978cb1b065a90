-- Of the reps there were, how many were trained in each topic, for how long and with what result.
--
-- The force of a period are the reps who belonged to the department at some time in it; without
-- periods, all who ever did, so that leavers count. Trained is who completed a training of the topic in that period,
-- once however often. Hours and scores are of every completion, also of a rep again, or of one who
-- belonged to no team or role then. Who changed the slice within a period belongs to both. A topic without
-- a completion in a period has no row in it. It does not say what was learnt, nor what it changed.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period of completion, NULL where none is asked for
-- * topic: topic of the training, empty where it names none
-- * force: reps of the force
-- * trained: of them those who completed a training of the topic
-- * coverage: trained over force, NULL where nobody is known to belong to it
-- * coverage_low: lower end of its 95 % interval
-- * coverage_high: upper end of its 95 % interval
-- * completions: trainings of the topic completed
-- * hours: hours they took, where told
-- * timed: completions that tell their time
-- * scored: completions that tell the result of a test
-- * median_score: median result, from 0 to 100, NULL below five
-- * missing: reps of the force who completed none of the topic, in order of their names
-- * mature: 1 where the period is over, else 0
--
-- key: slice, period, topic
-- formula: Wilson score interval (E. B. Wilson, JASA 22, 1927, 209-212)
-- why: startsWith(type, 'sales.rep.') OR type = 'sales.team.defined.v1'
--     OR type = 'sales.training.completed.v1' AND (source, id) IN
--     (
--         SELECT source, id
--         FROM sliced((SELECT source, id, rep, time, ifNull(facts.topic, '') AS topic FROM facts WHERE type = 'sales.training.completed.v1'), rep = rep, at = time)
--         WHERE slice = row.slice AND isNotDistinctFrom(period, row.period) AND topic = row.topic
--     )
WITH
    -- Each rep once per period of belonging: where it begins, and where a period begins within it.
    belonged AS
    (
        SELECT
            memberships.rep AS rep,
            greatest(valid_from, since()) AS begins,
            least(ifNull(subtractMicroseconds(valid_to, 1), as_of()), as_of(), until()) AS ends,
            arrayJoin(arrayConcat([begins], arrayMap(
                day -> least(addHours(toDateTime64(day, 6, 'UTC'), 12), ends),
                arrayFilter(
                    day -> ifNull(day = period_of(day, NULL), false),
                    arrayMap(n -> local_day(begins) + toInt32(n), range(1, toUInt32(greatest(0, dateDiff('day', local_day(begins), local_day(ends)))) + 1))
                )
            ))) AS at
        FROM memberships
        WHERE begins <= ends
    ),
    counted AS
    (
        SELECT
            slice,
            period,
            groupUniqArrayIf(told.rep, NOT completes) AS members,
            groupArrayIf((told.topic, told.rep, seconds, told.score), completes) AS done,
            arrayJoin(arrayDistinct(arrayMap(one -> one.1, done))) AS topic,
            arrayFilter(one -> one.1 = topic, done) AS completed,
            arrayIntersect(members, arrayMap(one -> one.2, completed)) AS trained_reps
        FROM sliced(
            (
                SELECT rep, belonged.at AS at, 0 AS completes, '' AS topic, CAST(NULL, 'Nullable(UInt64)') AS seconds, CAST(NULL, 'Nullable(Float64)') AS score
                FROM belonged
                UNION ALL
                SELECT rep, time AS at, 1, ifNull(facts.topic, ''), toUInt64(duration_seconds), toFloat64(facts.score)
                FROM facts
                WHERE type = 'sales.training.completed.v1'
            ),
            rep = rep, at = at
        ) AS told
        GROUP BY slice, period
    )
SELECT
    slice,
    period,
    topic,
    length(members) AS force,
    length(trained_reps) AS trained,
    rate_of(trained, force) AS coverage,
    wilson_low(trained, force) AS coverage_low,
    wilson_high(trained, force) AS coverage_high,
    length(completed) AS completions,
    arraySum(arrayMap(one -> ifNull(one.3, 0), completed)) / 3600 AS hours,
    arrayCount(one -> one.3 IS NOT NULL, completed) AS timed,
    arrayCount(one -> one.4 IS NOT NULL, completed) AS scored,
    median_of(arrayMap(one -> assumeNotNull(one.4), arrayFilter(one -> one.4 IS NOT NULL, completed))) AS median_score,
    arraySort(arrayFilter(rep -> NOT has(trained_reps, rep), members)) AS missing,
    ifNull(periods_after(period, 1, 'day') <= local_day(addMicroseconds(as_of(), 1)), true) AS mature
FROM counted
ORDER BY period, slice, topic
