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
-- formula: interval of win_rate, a sum of four rates with signs: R. M. Price and D. G. Bonett,
--     Computational Statistics & Data Analysis 45, 2004, 449-456 (half a win and half a loss added to
--     each); of wins by the logarithm of four Poisson numbers: K. J. Rothman and S. Greenland, Modern
--     Epidemiology, 2nd edition, 1998, chapter 14
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
    -- Deals closed in each of the three windows, two before and one after, of the touched and then of
    -- the others, who are all but them; then those won, likewise.
    counted AS
    (
        SELECT
            touching.kind AS kind,
            touching.change AS change,
            touching.valid_from AS first_on,
            any(length(touching.reps)) AS reps,
            min(arrayMin(arrayPushBack(closed.days.1, toDate32('2299-12-31')))) AS began_on,
            sumForEach(arrayMap(
                (from, own, of_won) -> if(who = 'all', 1 - own, 2 * own - 1) * arraySum(
                    day -> if(
                        day.1 >= first_on + from AND day.1 < first_on + from + 90
                            AND (who = 'all' OR touching.pipeline IN ('', day.2.1) AND touching.product IN ('', day.2.2) AND touching.segment IN ('', day.2.3)),
                        toInt64(if(of_won, day.4, day.3)),
                        0
                    ),
                    closed.days
                ),
                [-180, -90, 0, -180, -90, 0, -180, -90, 0, -180, -90, 0],
                [1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0],
                [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]
            )) AS found
        FROM adopted_changes AS touching
        ARRAY JOIN arrayPushBack(if(names_reps, arrayMap(rep -> concat('rep ', rep), touching.reps), ['any']), 'all') AS who
        LEFT ANY JOIN closed ON closed.who = who
        GROUP BY kind, change, first_on
    ),
    -- What is compared of each window: its value, where its interval is centred, and its variance.
    estimated AS
    (
        SELECT
            kind,
            change,
            first_on,
            reps,
            began_on,
            measure,
            local_day(as_of()) AS today,
            arraySlice(found, 1, 6) AS deals,
            arraySlice(found, 7, 6) AS won,
            arrayMap(
                (n, k) -> if(
                    measure = 'wins',
                    (toFloat64(k), log(greatest(k, 1)), log(greatest(k, 1)), 1 / greatest(k, 1), k),
                    (k / n, k / greatest(n, 1), (k + 0.5) / (n + 1), (k + 0.5) * (n - k + 0.5) / pow(n + 1, 3), n)
                ),
                deals,
                won
            ) AS windows,
            -- The effect from the second to the third window, and the drift from the first to the second.
            arrayMap(
                signs -> (
                    arrayMin(arrayMap((sign, n) -> if(sign = 0, 5, n), signs, windows.5)),
                    dotProduct(signs, windows.2),
                    dotProduct(signs, windows.3),
                    1.959963984540054 * sqrt(dotProduct(arrayMap(sign -> abs(sign), signs), windows.4))
                ),
                [[0., -1., 1., 0., 1., -1.], [-1., 1., 0., 1., -1., 0.]]
            ) AS moves
        FROM counted
        ARRAY JOIN ['win_rate', 'wins'] AS measure
    ),
    compared AS
    (
        SELECT
            *,
            arrayMap(
                (move, days) -> arrayMap(
                    end -> if(NOT enough(move.1) OR today < first_on + days OR first_on + days - 180 < began_on, NULL, if(measure = 'wins', exp(end) - 1, end)),
                    [move.2, move.3 - move.4, move.3 + move.4]
                ),
                moves,
                [90, 0]
            ) AS ends
        FROM estimated
    )
SELECT
    kind,
    change,
    first_on AS valid_from,
    measure,
    reps,
    if(isNaN(windows[2].1), NULL, windows[2].1) AS touched_before,
    if(isNaN(windows[3].1), NULL, windows[3].1) AS touched_after,
    if(isNaN(windows[5].1), NULL, windows[5].1) AS others_before,
    if(isNaN(windows[6].1), NULL, windows[6].1) AS others_after,
    toUInt64(deals[2] + deals[3]) AS touched_deals,
    toUInt64(deals[5] + deals[6]) AS other_deals,
    today >= first_on + 90 AS mature,
    ends[1][1] AS effect,
    ends[1][2] AS effect_low,
    ends[1][3] AS effect_high,
    distinguishable(ends[1][2], ends[1][3]) AS distinguishable,
    ends[2][1] AS drift,
    ends[2][2] AS drift_low,
    ends[2][3] AS drift_high,
    distinguishable(ends[2][2], ends[2][3]) AS drifting
FROM compared
ORDER BY valid_from, kind, change, measure
