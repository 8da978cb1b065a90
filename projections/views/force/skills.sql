-- What each rep was last judged to be able to do, how that changed, and what was done about it since.
--
-- A skill has a row where the rep was judged in it, or coached or trained in it. The last judgement
-- counts, whoever gave it; the one before is the last of all earlier ones. A target is the goal last set
-- for the rep with the skill as its metric. Support is coaching and training that names the skill, after
-- the last judgement, or ever where there is none. A judgement is an opinion: its change has no interval,
-- two judges need not mean the same by a number, and a step of one says little. Who was never judged,
-- coached or trained in a skill has no row of it.
--
-- * rep: sales rep
-- * skill: skill
-- * score: last judgement, from 0 to 10, NULL where there is none
-- * assessed_at: when it was given, NULL where there is none
-- * assessor: who gave it, the rep where nobody else is told, empty where there is none
-- * assessments: how many judgements there are
-- * score_before: the judgement before, NULL where there is none
-- * change: score less score_before
-- * same_assessor: 1 where the same person gave both, 0 where another did, NULL where there are no two
-- * target: score to reach, NULL where none is set
-- * due: day by which it is to be reached, NULL where none is set
-- * gap: target less score, negative where it is exceeded
-- * support: times of coaching and training in the skill since the last judgement
--
-- key: rep, skill
-- why: actor = row.rep AND (type IN ('sales.skill.assessed.v1', 'sales.training.completed.v1', 'sales.coaching.held.v1') AND skill = row.skill
--     OR type = 'sales.target.set.v1' AND metric = row.skill)
WITH told AS
(
    SELECT
        rep,
        if(type = 'sales.target.set.v1', assumeNotNull(metric), ifNull(facts.skill, '')) AS name,
        arraySort(one -> one.1, groupArrayIf(
            (moment, toFloat64(assumeNotNull(facts.score)), if(ifNull(facts.assessor, '') = '', rep, assumeNotNull(facts.assessor))),
            type = 'sales.skill.assessed.v1'
        )) AS judged,
        argMaxIf((toNullable(toFloat64(goal)), facts.due), moment, type = 'sales.target.set.v1') AS aim,
        groupArrayIf(moment, type IN ('sales.training.completed.v1', 'sales.coaching.held.v1')) AS helped
    FROM facts
    WHERE type IN ('sales.skill.assessed.v1', 'sales.training.completed.v1', 'sales.coaching.held.v1', 'sales.target.set.v1') AND rep != '' AND name != ''
    GROUP BY rep, name
    HAVING notEmpty(judged) OR notEmpty(helped)
)
SELECT
    rep,
    name AS skill,
    if(empty(judged), NULL, judged[-1].2) AS score,
    if(empty(judged), NULL, judged[-1].1.1) AS assessed_at,
    judged[-1].3 AS assessor,
    length(judged) AS assessments,
    if(length(judged) > 1, judged[-2].2, NULL) AS score_before,
    score - score_before AS change,
    if(length(judged) > 1, judged[-1].3 = judged[-2].3, NULL) AS same_assessor,
    aim.1 AS target,
    aim.2 AS due,
    target - score AS gap,
    arrayCount(one -> empty(judged) OR one > judged[-1].1, helped) AS support
FROM told
ORDER BY rep, skill
