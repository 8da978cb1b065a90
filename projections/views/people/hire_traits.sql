-- Do the traits judged before hiring, and the kinds of interviews, tell how hires do in their first year?
--
-- A hire is who was hired as a candidate. Scores and interviews until then count; of several scores of a
-- trait the mean. The first year is the 365 days from the day told as the first, else that of joining, else
-- that of hiring. Wins are deals that the rep owns now and that were closed last in these days; who left
-- earlier has those until then, and has not stayed. Only hires whose 365 days are over are compared, leavers
-- too; the others are waiting. For a trait they are cut in two at the score that makes the halves as equal
-- as can be; equal scores stay together. For a kind of interview, the high ones are the hires who had it,
-- the low ones those who had only others.
--
-- The effect on stayed is the rate of the high ones less that of the low ones; on wins it is the ratio of
-- their mean wins, less 1: 0.2 is a fifth more. It is NULL below five hires in either half. Wins of reps
-- differ by more than chance, as do their territories; `dispersion` says how much more, and widens the
-- intervals. Who was not hired has no result: where a trait decided who was, it looks weaker than it is. Of
-- twenty traits that tell nothing one is distinguishable by chance, and halves hide what is in between.
--
-- * kind: trait or interview
-- * trait: the trait, or the kind of interview
-- * measure: wins or stayed, both in the first 365 days
-- * hires: hires who were judged before, and whose 365 days are over
-- * waiting: hires who were judged before, and whose 365 days are not over
-- * cut: score from which on a hire is a high one, NULL for interviews and where all have the same
-- * high_hires: hires of the high half
-- * high_result: their mean number of wins, or the share that stayed
-- * high_result_low: lower end of its 95 % interval
-- * high_result_high: upper end of its 95 % interval
-- * low_hires: hires of the low half
-- * low_result: their mean number of wins, or the share that stayed
-- * low_result_low: lower end of its 95 % interval
-- * low_result_high: upper end of its 95 % interval
-- * dispersion: variance of wins within the halves over that of chance, at least 1; NULL for stayed, and below five hires in either half
-- * effect: high against low
-- * effect_low: lower end of its 95 % interval
-- * effect_high: upper end of its 95 % interval, NULL where it has none, as the low half won nothing
-- * distinguishable: 1 where the effect is more than chance, else 0
-- * mature: 1 where no hire is waiting, else 0
--
-- key: kind, trait, measure
-- formula: of stayed: R. G. Newcombe, Statistics in Medicine 17, 1998, 873-890, method 10, with Wilson
--     score intervals (E. B. Wilson, JASA 22, 1927, 209-212); of wins: the share of the high half in all
--     wins is binomial (J. Przyborowski and H. Wilenski, Biometrika 31, 1940, 313-323), its Wilson
--     interval made a ratio; of mean wins: Byar's (N. E. Breslow and N. E. Day, Statistical Methods in
--     Cancer Research II, 1987, p. 69); dispersion: Pearson's chi-squared by its degrees of freedom
--     (P. McCullagh and J. A. Nelder, Generalized Linear Models, 2nd edition, 1989, chapter 6), by
--     which wins are divided before
-- why: type = 'sales.candidate.scored.v1' AND row.kind = 'trait' AND trait = row.trait
--     OR type = 'sales.candidate.interviewed.v1' AND row.kind = 'interview'
--     OR type IN ('sales.rep.hired.v1', 'sales.rep.joined.v1', 'sales.rep.left.v1')
--         AND actor IN (SELECT rep FROM facts WHERE type = 'sales.rep.hired.v1' AND candidate IS NOT NULL)
--     OR row.measure = 'wins' AND startsWith(type, 'sales.deal.') AND deal IN
--     (
--         SELECT deal FROM deals
--         WHERE status = 'won' AND owner IN (SELECT rep FROM facts WHERE type = 'sales.rep.hired.v1' AND candidate IS NOT NULL)
--     )
WITH
    -- One row per candidate hired: when, and the first 365 days.
    hires AS
    (
        SELECT
            rep,
            arrayJoin(arraySort(groupArrayIf((time, assumeNotNull(facts.candidate), starts_on), type = 'sales.rep.hired.v1' AND facts.candidate IS NOT NULL))) AS hiring,
            hiring.1 AS hired_at,
            hiring.2 AS candidate,
            arraySort(groupArrayIf(time, type = 'sales.rep.joined.v1')) AS joinings,
            arraySort(groupArrayIf(time, type = 'sales.rep.left.v1')) AS leavings,
            arrayFirst(at -> at >= hired_at, arrayPushBack(joinings, hired_at)) AS joined_at,
            ifNull(hiring.3, local_day(joined_at)) AS begins,
            NOT arrayExists(at -> at >= hired_at AND local_day(at) < begins + 365, leavings) AS stays,
            begins + 365 <= local_day(addMicroseconds(as_of(), 1)) AS is_over
        FROM facts
        WHERE type IN ('sales.rep.hired.v1', 'sales.rep.joined.v1', 'sales.rep.left.v1') AND rep != ''
        GROUP BY rep
        ORDER BY hired_at, rep
        LIMIT 1 BY candidate
    ),
    judged AS
    (
        SELECT
            facts.candidate AS candidate,
            groupArrayIf((time, assumeNotNull(facts.trait), toFloat64(assumeNotNull(facts.score))), type = 'sales.candidate.scored.v1') AS scores,
            groupArrayIf((time, ifNull(interview_type, '')), type = 'sales.candidate.interviewed.v1') AS interviews
        FROM facts
        WHERE type IN ('sales.candidate.scored.v1', 'sales.candidate.interviewed.v1')
        GROUP BY candidate
    ),
    dealt AS
    (
        SELECT owner, groupArray(local_day(assumeNotNull(closed_at))) AS won_on
        FROM deals
        WHERE status = 'won'
        GROUP BY owner
    ),
    known AS
    (
        SELECT
            is_over,
            stays,
            arrayCount(day -> day >= begins AND day < begins + 365, dealt.won_on) AS wins,
            arrayFilter(one -> one.1 <= hired_at, judged.scores) AS scores,
            arrayMap(one -> one.2, arrayFilter(one -> one.1 <= hired_at, judged.interviews)) AS interviews,
            groupUniqArrayArray(interviews) OVER () AS interview_types,
            -- The mean of each trait; of the interviews whether there was one of each kind.
            arrayConcat(
                arrayMap(
                    name -> ('trait', name, arrayAvg(one -> one.3, arrayFilter(one -> one.2 = name, scores))),
                    arrayDistinct(arrayMap(one -> one.2, scores))
                ),
                arrayMap(
                    name -> ('interview', name, toFloat64(has(interviews, name))),
                    arrayFilter(name -> name != '' AND notEmpty(interviews), interview_types)
                )
            ) AS marks
        FROM hires
        INNER ANY JOIN judged ON judged.candidate = hires.candidate
        LEFT ANY JOIN dealt ON dealt.owner = hires.rep
    ),
    halved AS
    (
        SELECT
            mark.1 AS kind,
            mark.2 AS trait,
            groupArrayIf((mark.3, toFloat64(wins), toFloat64(stays)), is_over) AS results,
            countIf(NOT is_over) AS waiting,
            arraySort(results.1) AS in_order,
            -- Of the scores above the lowest, the one that parts them most equally, of two the higher.
            arraySort(
                score -> (abs(2. * arrayCount(other -> other >= score, in_order) - length(in_order)), -score),
                arrayPopFront(arrayDistinct(in_order))
            ) AS cuts
        FROM known
        ARRAY JOIN marks AS mark
        GROUP BY kind, trait
    ),
    parted AS
    (
        SELECT
            kind,
            trait,
            measure,
            waiting,
            cuts,
            arrayMap(one -> (one.1, if(measure = 'wins', one.2, one.3)), results) AS told,
            length(results) AS hires,
            -- Where all had a kind of interview, or are alike in a trait, nothing parts them.
            if(empty(cuts), if(kind = 'interview', 1., NULL), cuts[1]) AS from_score,
            arrayMap(one -> one.2, arrayFilter(one -> ifNull(one.1 >= from_score, false), told)) AS highs,
            arrayMap(one -> one.2, arrayFilter(one -> ifNull(one.1 < from_score, false), told)) AS lows
        FROM halved
        ARRAY JOIN ['wins', 'stayed'] AS measure
    ),
    summed AS
    (
        SELECT
            *,
            length(highs) AS n,
            length(lows) AS n2,
            arraySum(highs) AS k,
            arraySum(lows) AS k2,
            rate_of(k, n) AS mean,
            rate_of(k2, n2) AS mean2
        FROM parted
    ),
    spread_out AS
    (
        SELECT
            *,
            -- What is 0 in a half has no spread.
            arraySum(x -> pow(x - ifNull(mean, 0), 2), highs) / greatest(ifNull(mean, 0), 1e-9)
                + arraySum(x -> pow(x - ifNull(mean2, 0), 2), lows) / greatest(ifNull(mean2, 0), 1e-9) AS chi_squared,
            if(measure = 'wins', greatest(1., ifNull(rate_of(chi_squared, n + n2 - 2), 1.)), 1.) AS spread
        FROM summed
    ),
    divided AS
    (
        SELECT *, k / spread AS e, k2 / spread AS e2, (k + k2) / spread AS both
        FROM spread_out
    ),
    ended AS
    (
        SELECT
            *,
            enough(n) AND enough(n2) AS is_told,
            if(measure = 'wins', if(e > 0, poisson_low(e), 0) * spread / nullIf(n, 0), wilson_low(k, n)) AS low,
            if(measure = 'wins', poisson_high(e) * spread / nullIf(n, 0), wilson_high(k, n)) AS high,
            if(measure = 'wins', if(e2 > 0, poisson_low(e2), 0) * spread / nullIf(n2, 0), wilson_low(k2, n2)) AS low2,
            if(measure = 'wins', poisson_high(e2) * spread / nullIf(n2, 0), wilson_high(k2, n2)) AS high2,
            wilson_low(e, both) AS share_low,
            wilson_high(e, both) AS share_high
        FROM divided
    ),
    compared AS
    (
        SELECT
            *,
            multiIf(NOT is_told, NULL, measure = 'stayed', mean - mean2, mean2 > 0, mean / mean2 - 1, NULL) AS middle,
            multiIf(NOT is_told, NULL, measure = 'stayed', difference_low(mean, low, high, mean2, low2, high2), share_low / (1 - share_low) * n2 / n - 1) AS lowest,
            multiIf(NOT is_told, NULL, measure = 'stayed', difference_high(mean, low, high, mean2, low2, high2), mean2 > 0, share_high / (1 - share_high) * n2 / n - 1, NULL) AS highest
        FROM ended
    )
SELECT
    kind,
    trait,
    measure,
    hires,
    waiting,
    if(kind = 'interview' OR empty(cuts), NULL, cuts[1]) AS cut,
    n AS high_hires,
    mean AS high_result,
    low AS high_result_low,
    high AS high_result_high,
    n2 AS low_hires,
    mean2 AS low_result,
    low2 AS low_result_low,
    high2 AS low_result_high,
    if(measure = 'wins' AND is_told, spread, NULL) AS dispersion,
    middle AS effect,
    lowest AS effect_low,
    highest AS effect_high,
    distinguishable(lowest, highest) AS distinguishable,
    waiting = 0 AS mature
FROM compared
ORDER BY kind, trait, measure
