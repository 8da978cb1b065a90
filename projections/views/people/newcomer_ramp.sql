-- How long newcomers take: to the first deal, to the first win, and to win as many as established reps do.
--
-- A newcomer is a rep who was told to be hired or to have joined; the day is the first of the present, or
-- last, time in the department (`memberships`), so that who comes back begins anew. Wins are deals of
-- which the rep is the owner now, on the day they were closed last; those taken over count for who took
-- them over. Quarters of tenure are 91 days each, from the day of joining. One that is not over, or in
-- which the rep left, is NULL. Two numbers of wins whose intervals overlap may well be chance.
--
-- A rep is ramped in the first week at the end of which the wins of the last 91 days, since joining, are
-- as many as the median of the established reps in the same 91 days, or more. Established are those with
-- the same role who have been there for more than 365 days. Below five of them, and where their median is
-- 0, there is nothing to compare with in that week; where there is nothing in the first 91 days, it stays
-- so, as whoever reached the others before is not known. It is looked at once a week, so the days are
-- those to the end of one. One lucky quarter makes ramped: it does not say that it lasts. Of those who
-- joined lately only the quick ones are ramped yet: do not compare their days with those of years before.
--
-- * rep: sales rep
-- * role: last role of the rep, empty where unknown
-- * joined: first day
-- * left: day the rep left, NULL where still there
-- * days: days since joining, until the rep left
-- * trainings: trainings completed since joining
-- * onboarding: of them, those for newcomers
-- * first_opened: day the first deal since joining was opened that is the rep's, NULL where there is none
-- * opened_after: days from joining until then
-- * first_win: day of the first win since joining, NULL where there is none
-- * won_after: days from joining until then
-- * wins: wins in each of the first four quarters of tenure, NULL for one that is not over
-- * wins_low: lower end of the 95 % interval of each
-- * wins_high: upper end of the 95 % interval of each
-- * activities: activities in each of those quarters, likewise
-- * status: ramped, ramping, left (before it was), or nothing to compare
-- * ramp_days: days from joining until the rep was ramped, NULL where not yet
-- * established: established reps in the week that decided, else in the last to compare with; NULL where there is none
-- * their_median: their median of wins in its 91 days, likewise
-- * mature: 1 where the four quarters are over, or the rep has left, else 0
--
-- key: rep
-- formula: Byar's interval of a Poisson number (N. E. Breslow and N. E. Day, Statistical Methods in
--     Cancer Research II, 1987, p. 69)
-- why: actor = row.rep AND (startsWith(type, 'sales.rep.') OR type = 'sales.training.completed.v1'
--         OR match(type, '^sales\\.(call|email\\.sent|meeting|demo|visit|note|presentation|proposal)\\.'))
--     OR startsWith(type, 'sales.deal.') AND deal IN (SELECT deal FROM deals WHERE owner = row.rep)
-- explains: days, trainings, onboarding, opened_after, won_after, wins, wins_low, wins_high, activities, mature
WITH
    -- Each time a rep was in the department: since when, until when, and the last role. `gone` is the
    -- first day on which it is over, or not yet.
    stints AS
    (
        SELECT
            rep,
            stay[-1].3 AS role,
            place = length(stays) AS is_last,
            local_day(stay[1].1) AS joined,
            if(ifNull(stay[-1].2 <= as_of(), false), local_day(assumeNotNull(stay[-1].2)), NULL) AS left,
            local_day(addMicroseconds(as_of(), 1)) AS not_over,
            least(ifNull(left + 1, not_over), not_over) AS gone,
            first_day(min(joined) OVER (), 'week') AS origin
        FROM
        (
            SELECT rep, arraySplit((span, before) -> ifNull(span.1 != before, true), spans, arrayShiftRight(spans.2, 1)) AS stays
            FROM
            (
                SELECT rep, arraySort(groupArray((valid_from, valid_to, role))) AS spans
                FROM memberships
                WHERE valid_from <= as_of()
                GROUP BY rep
            )
        )
        ARRAY JOIN stays AS stay, arrayEnumerate(stays) AS place
    ),
    dealt AS
    (
        SELECT
            owner,
            arraySort(groupArrayIf(local_day(assumeNotNull(closed_at)), status = 'won')) AS won_on,
            arraySort(groupArray(local_day(opened_at))) AS opened_on
        FROM deals
        WHERE owner != ''
        GROUP BY owner
    ),
    -- By week, counted from the first of any rep: the first day after it, and the wins until then.
    weekly AS
    (
        SELECT
            *,
            arrayCumSum(arrayMap(week -> countEqual(won_in, toInt64(week)), range(length(ends)))) AS so_far
        FROM
        (
            SELECT
                stints.*,
                arrayFilter(day -> day >= joined AND ifNull(day <= left, true), dealt.won_on) AS won_on,
                arrayFilter(day -> day >= joined, dealt.opened_on)[1] AS opened_on,
                arrayMap(day -> toInt64(intDiv(dateDiff('day', origin, day), 7)), won_on) AS won_in,
                arrayMap(
                    week -> origin + 7 * toInt32(week) + 7,
                    range(toUInt64(intDiv(greatest(0, dateDiff('day', origin, first_day(not_over, 'week'))), 7)))
                ) AS ends
            FROM stints
            LEFT ANY JOIN dealt ON dealt.owner = stints.rep
        )
    ),
    -- The wins of the 91 days that end with a week; of established reps, else NULL; and their median.
    trailed AS
    (
        SELECT
            *,
            arrayMap((now, then) -> now - then, so_far, arrayShiftRight(so_far, 13)) AS trailing,
            arrayMap((number, day) -> if(day > joined + 366 AND day <= gone, toNullable(number), NULL), trailing, ends) AS as_established
        FROM weekly
    ),
    compared AS
    (
        SELECT
            *,
            sumForEach(arrayMap(number -> toUInt64(number IS NOT NULL), as_established)) OVER same_role AS others,
            quantileExactInclusiveForEach(0.5)(as_established) OVER same_role AS medians
        FROM trailed
        WINDOW same_role AS (PARTITION BY role)
    ),
    told AS
    (
        SELECT rep, countIf(type != 'sales.training.completed.v1') AS comings, groupArrayIf((local_day(time), ifNull(facts.onboarding, false)), type = 'sales.training.completed.v1') AS learnt
        FROM facts
        WHERE type IN ('sales.rep.hired.v1', 'sales.rep.joined.v1', 'sales.training.completed.v1') AND rep != ''
        GROUP BY rep
    ),
    active AS
    (
        SELECT rep, groupArray((day, rep_days.activities)) AS done
        FROM rep_days
        WHERE activities > 0
        GROUP BY rep
    ),
    newcomers AS
    (
        SELECT
            compared.rep AS rep,
            compared.role AS role,
            joined,
            left,
            gone,
            not_over,
            dateDiff('day', joined, ifNull(left, local_day(as_of()))) AS days,
            arrayFilter(one -> one.1 >= joined, told.learnt) AS learnt,
            active.done AS done,
            won_on,
            opened_on,
            arrayMap(
                number -> if(
                    joined + 91 * number <= gone,
                    toNullable(arrayCount(day -> day >= joined + 91 * (number - 1) AND day < joined + 91 * number, won_on)),
                    NULL
                ),
                [1, 2, 3, 4]
            ) AS wins,
            -- The weeks of the rep in which there is something to compare with.
            arrayFilter(
                week -> week.1 > joined AND week.1 <= gone AND enough(week.3) AND ifNull(week.4 > 0, false),
                arrayZip(ends, trailing, others, medians)
            ) AS weeks
        FROM compared
        INNER ANY JOIN told ON told.rep = compared.rep
        LEFT ANY JOIN active ON active.rep = compared.rep
        WHERE is_last AND comings > 0
    ),
    ramps AS
    (
        SELECT
            *,
            notEmpty(weeks) AND weeks[1].1 <= joined + 91 AS is_comparable,
            arrayFirstIndex(week -> ifNull(week.2 >= week.4, false), weeks) AS reached,
            is_comparable AND reached > 0 AS is_ramped,
            weeks[if(is_ramped, reached, -1)] AS decisive
        FROM newcomers
    )
SELECT
    rep,
    role,
    joined,
    left,
    days,
    length(learnt) AS trainings,
    arrayCount(one -> one.2, learnt) AS onboarding,
    if(opened_after IS NULL, NULL, opened_on) AS first_opened,
    if(opened_on < joined, NULL, dateDiff('day', joined, opened_on)) AS opened_after,
    if(empty(won_on), NULL, won_on[1]) AS first_win,
    dateDiff('day', joined, first_win) AS won_after,
    wins,
    arrayMap(number -> if(number = 0, 0, poisson_low(number)), wins) AS wins_low,
    arrayMap(number -> poisson_high(number), wins) AS wins_high,
    arrayMap(
        number -> if(
            joined + 91 * number <= gone,
            toNullable(arraySum(one -> if(one.1 >= joined + 91 * (number - 1) AND one.1 < joined + 91 * number, one.2, 0), done)),
            NULL
        ),
        [1, 2, 3, 4]
    ) AS activities,
    multiIf(is_ramped, 'ramped', left IS NOT NULL, 'left', is_comparable OR not_over <= joined + 91, 'ramping', 'nothing to compare') AS status,
    if(is_ramped, dateDiff('day', joined, decisive.1) - 1, NULL) AS ramp_days,
    if(is_comparable, decisive.3, NULL) AS established,
    if(is_comparable, decisive.4, NULL) AS their_median,
    left IS NOT NULL OR joined + 364 <= not_over AS mature
FROM ramps
ORDER BY joined, rep
