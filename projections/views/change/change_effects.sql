-- What moved after each change: the win rate and the number of wins before and after, against those
-- the change did not touch.
--
-- A change is what was adopted (a process, a strategy, a tool, …), an incentive plan that was published,
-- or a training, each day on which reps completed it for itself. It touches the deals of the reps it is
-- for (who completed the training, or on its first day belonged to the team, the territory or the roles
-- it names), and of the pipeline, the product and the segment it names; the others are all other deals.
-- A deal counts on the day it was closed, for who owns it now, and for the segment its account was last
-- told to be of. Before is the 90 days before the first day, after is the 90 days from it on.
--
-- The effect is a difference in differences. On win_rate (won over closed): the change of the rate
-- among the touched less the change among the others. On wins: the ratio of the wins after to those
-- before among the touched, over the same ratio among the others, less 1: 0.2 is a fifth more than the
-- others would let one expect. The effect is NULL as long as the days after are not over (mature is 0),
-- where nothing is left to compare with, as for a change that is for all, and where one of the four has
-- fewer than five closed deals (win_rate) or wins (wins).
--
-- It shows what happened after, which is not always what the change did: who is touched is not drawn by
-- lot, what else happened to them in these days is in it, deals closed soon after were worked on mostly
-- before, and wins of one rep hang together more than chance. Drift is the same comparison one window
-- earlier, when there was no change yet: where it is distinguishable, the two went apart anyway. Of
-- twenty changes that do nothing, one is distinguishable by chance.
--
-- * kind: kind of the change, such as process, strategy, tool, incentive_plan or training
-- * change: the change, the plan or the training
-- * valid_from: its first day
-- * measure: win_rate or wins
-- * reps: reps it is for, 0 where it names none
-- * touched_before: win rate, or wins, of the touched before
-- * touched_after: the same after
-- * others_before: win rate, or wins, of the others before
-- * others_after: the same after
-- * touched_deals: deals of the touched closed before and after
-- * other_deals: deals of the others closed before and after
-- * mature: 1 where the days after are over
-- * effect: the change among the touched against that among the others
-- * effect_low: lower end of its 95 % interval
-- * effect_high: upper end of its 95 % interval
-- * distinguishable: 1 where the effect is more than chance, else 0
-- * drift: the same between the two windows before the change
-- * drift_low: lower end of its 95 % interval
-- * drift_high: upper end of its 95 % interval
-- * drifting: 1 where the drift is more than chance, else 0
--
-- key: kind, change, valid_from, measure
-- formula: interval of win_rate from the Wilson intervals of the four rates (G. Y. Zou and A. Donner,
--     Statistics in Medicine 27, 2008, 1693-1702); of wins by the logarithm of four Poisson numbers (K. J.
--     Rothman and S. Greenland, Modern Epidemiology, 2nd edition, 1998, chapter 14)
-- why: type IN ('sales.change.adopted.v1', 'sales.incentive_plan.published.v1', 'sales.training.completed.v1')
--         AND row.change IN (ifNull(change, ''), ifNull(incentive_plan, ''), ifNull(training, ''))
--     OR startsWith(type, 'sales.rep.') OR startsWith(type, 'sales.team.')
--     OR startsWith(type, 'sales.account.') AND segment IS NOT NULL
--     OR startsWith(type, 'sales.deal.') AND deal IN
--     (
--         SELECT deal FROM deals
--         WHERE status != 'open' AND local_day(assumeNotNull(closed_at)) >= row.valid_from - 180
--             AND local_day(assumeNotNull(closed_at)) < row.valid_from + 90
--     )
WITH
    -- One row per change, with what it names: reps by name, or by what they belong to.
    changed AS
    (
        SELECT
            multiIf(type = 'sales.change.adopted.v1', assumeNotNull(toString(change_type)), type = 'sales.training.completed.v1', 'training', 'incentive_plan') AS kind,
            assumeNotNull(coalesce(change, incentive_plan, training)) AS name,
            if(kind = 'training', local_day(time), assumeNotNull(valid_from)) AS first_on,
            arraySort(groupUniqArrayIf(facts.rep, kind = 'training')) AS trained,
            argMax((ifNull(facts.team, ''), ifNull(facts.territory, ''), roles), moment) AS unit,
            argMax((ifNull(facts.pipeline, ''), ifNull(facts.product, ''), ifNull(facts.segment, '')), moment) AS place,
            unit.1 != '' OR unit.2 != '' OR notEmpty(unit.3) AS has_unit
        FROM facts
        WHERE type IN ('sales.change.adopted.v1', 'sales.incentive_plan.published.v1', 'sales.training.completed.v1')
        GROUP BY kind, name, first_on
    ),
    -- Whose deals each touches: `rep …` for every rep it is for, `any` where it names none; and all.
    touching AS
    (
        SELECT
            changed.kind AS kind,
            changed.name AS name,
            changed.first_on AS first_on,
            changed.place AS place,
            if(has_unit, arrayDistinct(arrayMap(span -> span.1, arrayFilter(
                span -> first_on BETWEEN span.5 AND span.6
                    AND unit.1 IN ('', span.2) AND unit.2 IN ('', span.3) AND (empty(unit.3) OR has(unit.3, span.4)),
                units.spans
            ))), trained) AS reps,
            arrayPushBack(
                if(has_unit OR kind = 'training', arrayMap(rep -> concat('rep ', rep), reps), ['any']),
                'all'
            ) AS whose
        FROM changed
        LEFT ANY JOIN
        (
            SELECT
                true AS has_unit,
                groupArray((rep, team, territory, role, local_day(valid_from), local_day(ifNull(valid_to, toDateTime64('2299-12-31', 6, 'UTC'))) - 1)) AS spans
            FROM memberships
        ) AS units ON units.has_unit = changed.has_unit
    ),
    closed AS
    (
        SELECT who, groupArray((day, place, deals, won)) AS days
        FROM
        (
            SELECT
                one.1 AS who,
                one.2 AS place,
                local_day(assumeNotNull(closed_at)) AS day,
                count() AS deals,
                countIf(status = 'won') AS won
            FROM deals
            LEFT ANY JOIN (SELECT account, segment FROM accounts WHERE segment != '') AS segments ON segments.account = deals.account
            ARRAY JOIN [
                (concat('rep ', owner), (toString(pipeline), product, segments.segment)),
                ('any', (toString(pipeline), product, segments.segment)),
                ('all', ('', '', ''))
            ] AS one
            WHERE status != 'open'
            GROUP BY who, place, day
        )
        GROUP BY who
    ),
    -- Deals closed and won in each of the three windows: two before and one after.
    counted AS
    (
        SELECT
            kind,
            name,
            first_on,
            max(length(reps)) AS reps,
            maxIf(began, who = 'all') AS began_on,
            sumForEachIf(found, who != 'all') AS touched,
            sumForEachIf(found, who = 'all') AS everything
        FROM
        (
            SELECT
                touching.kind AS kind,
                touching.name AS name,
                touching.first_on AS first_on,
                touching.reps AS reps,
                who,
                arrayMin(arrayPushBack(closed.days.1, toDate32('2299-12-31'))) AS began,
                arrayFilter(
                    day -> day.1 >= first_on - 180 AND day.1 < first_on + 90
                        AND (who = 'all' OR touching.place.1 IN ('', day.2.1) AND touching.place.2 IN ('', day.2.2) AND touching.place.3 IN ('', day.2.3)),
                    closed.days
                ) AS near,
                arrayFlatten(arrayMap(
                    window -> [
                        arraySum(day -> if(day.1 >= first_on + window AND day.1 < first_on + window + 90, toInt64(day.3), 0), near),
                        arraySum(day -> if(day.1 >= first_on + window AND day.1 < first_on + window + 90, toInt64(day.4), 0), near)
                    ],
                    [-180, -90, 0]
                )) AS found
            FROM touching
            ARRAY JOIN whose AS who
            LEFT ANY JOIN closed ON closed.who = who
        )
        GROUP BY kind, name, first_on
    ),
    -- Of each window of the touched, 1 to 3, and of the others, 4 to 6: deals, won, rate, and how far it
    -- may be lower or higher. A row each, so that the interval is planned once.
    rated AS
    (
        SELECT
            kind,
            name,
            first_on,
            any(reps) AS reps,
            any(began_on) AS began_on,
            arraySort(groupArray((place, deals, won, rate, rate - low, high - rate))) AS cells
        FROM
        (
            SELECT
                counted.*,
                place,
                if(place <= 3, touched[2 * place - 1], everything[2 * place - 7] - touched[2 * place - 7]) AS deals,
                if(place <= 3, touched[2 * place], everything[2 * place - 6] - touched[2 * place - 6]) AS won,
                ifNull(rate_of(won, deals), 0) AS rate,
                ifNull(wilson_low(won, deals), 0) AS low,
                ifNull(wilson_high(won, deals), 0) AS high
            FROM counted
            ARRAY JOIN [1, 2, 3, 4, 5, 6] AS place
        )
        GROUP BY kind, name, first_on
    ),
    -- From the window before the change to the one after (2), and between the two before it (1).
    moved AS
    (
        SELECT
            kind,
            name,
            first_on,
            reps,
            one.1 AS measure,
            one.2 AS place,
            cells[place] AS before,
            cells[place + 1] AS after,
            cells[place + 3] AS other_before,
            cells[place + 4] AS other_after,
            local_day(as_of()) >= first_on + 90 * (place - 1) AS over,
            measure = 'wins' AS is_wins,
            over AND first_on - 90 * (3 - place) >= began_on
                AND enough(if(is_wins, least(before.3, after.3, other_before.3, other_after.3), least(before.2, after.2, other_before.2, other_after.2))) AS is_told,
            if(is_wins, log(after.3 * other_before.3 / (before.3 * other_after.3)), after.4 - before.4 - other_after.4 + other_before.4) AS effect,
            1.959963984540054 * sqrt(1 / before.3 + 1 / after.3 + 1 / other_before.3 + 1 / other_after.3) AS spread,
            effect - if(is_wins, spread, sqrt(pow(after.5, 2) + pow(before.6, 2) + pow(other_after.6, 2) + pow(other_before.5, 2))) AS low,
            effect + if(is_wins, spread, sqrt(pow(after.6, 2) + pow(before.5, 2) + pow(other_after.5, 2) + pow(other_before.6, 2))) AS high
        FROM rated
        ARRAY JOIN [('win_rate', 1), ('win_rate', 2), ('wins', 1), ('wins', 2)] AS one
    ),
    told AS
    (
        SELECT
            kind,
            name,
            first_on,
            measure,
            any(moved.reps) AS reps,
            argMax((before, after, other_before, other_after, over), place) AS now,
            arrayMap(
                one -> if(one.1, if(measure = 'wins', exp(one.2) - 1, one.2), NULL),
                arrayConcat(
                    argMax([(is_told, effect), (is_told, low), (is_told, high)], place),
                    argMin([(is_told, effect), (is_told, low), (is_told, high)], place)
                )
            ) AS ends
        FROM moved
        GROUP BY kind, name, first_on, measure
    )
SELECT
    kind,
    name AS change,
    first_on AS valid_from,
    measure,
    reps,
    if(measure = 'wins', now.1.3, if(now.1.2 = 0, NULL, now.1.4)) AS touched_before,
    if(measure = 'wins', now.2.3, if(now.2.2 = 0, NULL, now.2.4)) AS touched_after,
    if(measure = 'wins', now.3.3, if(now.3.2 = 0, NULL, now.3.4)) AS others_before,
    if(measure = 'wins', now.4.3, if(now.4.2 = 0, NULL, now.4.4)) AS others_after,
    now.1.2 + now.2.2 AS touched_deals,
    now.3.2 + now.4.2 AS other_deals,
    now.5 AS mature,
    ends[1] AS effect,
    ends[2] AS effect_low,
    ends[3] AS effect_high,
    distinguishable(effect_low, effect_high) AS distinguishable,
    ends[4] AS drift,
    ends[5] AS drift_low,
    ends[6] AS drift_high,
    distinguishable(drift_low, drift_high) AS drifting
FROM told
ORDER BY valid_from, kind, change, measure
