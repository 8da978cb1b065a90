-- Which share of the force earns anything beside salary, and how much of it goes to the top fifth.
--
-- The force of a period are the reps who belonged to the department at some time in it; without
-- periods, all who ever did. A rep earns who was given a reward, or whose commission earned is above 0 in some
-- currency. The top fifth is of the whole force, rounded up, by commission and rewards with a worth in
-- the row's currency; a fifth that earns alike has a fifth of the amount. Who changed the slice within a
-- period belongs to both. A share of a period that is not over is marked immature: it can still grow. It
-- does not say whether those who earn nothing might have: many plans are for some roles only.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period, NULL where none is asked for
-- * currency: currency of the amounts, empty where nothing was earned that has a worth
-- * force: reps of the force
-- * earners: of them those who earn anything, in whatever currency
-- * reach: earners over force, NULL where nobody is known to belong to it
-- * reach_low: lower end of its 95 % interval
-- * reach_high: upper end of its 95 % interval
-- * outsiders: reps who earned and belonged to no team or role then; in no other number
-- * earned: commission earned and rewards, by reps of the force with more than 0
-- * top_reps: how many reps a fifth of the force is, rounded up
-- * top_share: share of earned that the top_reps with the most have, NULL below a force of five
-- * earners_outside: reps with more than 0 in the currency besides the top_reps
-- * mature: 1 where the period is over, else 0
--
-- key: slice, period, currency
-- formula: Wilson score interval (E. B. Wilson, JASA 22, 1927, 209-212)
-- why: startsWith(type, 'sales.rep.') OR type = 'sales.team.defined.v1'
--     OR type IN ('sales.commission.earned.v1', 'sales.reward.given.v1') AND (source, id) IN
--     (
--         SELECT source, id
--         FROM sliced((SELECT source, id, rep, time FROM facts WHERE type IN ('sales.commission.earned.v1', 'sales.reward.given.v1')), rep = rep, at = time)
--         WHERE slice = row.slice AND isNotDistinctFrom(period, row.period)
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
    per_rep AS
    (
        SELECT
            slice,
            period,
            rep,
            max(told.member) AS member,
            sumMapIf(map(money, worth), money != '') AS amounts,
            max(told.reward) OR arrayExists(amount -> amount > 0, mapValues(amounts)) AS earns
        FROM sliced(
            (
                SELECT rep, belonged.at AS at, 1 AS member, 0 AS reward, '' AS money, toDecimal128(0, 9) AS worth
                FROM belonged
                UNION ALL
                SELECT rep, time AS at, 0, type = 'sales.reward.given.v1', ifNull(facts.currency, ''), ifNull(amount, 0)
                FROM facts
                WHERE type IN ('sales.commission.earned.v1', 'sales.reward.given.v1') AND rep != ''
            ),
            rep = rep, at = at
        ) AS told
        GROUP BY slice, period, rep
    ),
    counted AS
    (
        SELECT
            slice,
            period,
            countIf(member) AS force,
            countIf(member AND earns) AS earners,
            countIf(earns AND NOT member) AS outsiders,
            toUInt64(ceil(force / 5)) AS top_reps,
            groupArrayIf(amounts, member) AS earnings,
            arrayJoin(if(empty(arrayDistinct(arrayFlatten(groupArrayIf(mapKeys(amounts), member))) AS moneys), [''], moneys)) AS currency
        FROM per_rep
        GROUP BY slice, period
    ),
    ranked AS
    (
        SELECT
            *,
            arrayReverseSort(arrayFilter(amount -> amount > 0, arrayMap(amounts -> amounts[currency], earnings))) AS amounts,
            arraySum(amounts) AS earned
        FROM counted
    )
SELECT
    slice,
    period,
    currency,
    force,
    earners,
    rate_of(earners, force) AS reach,
    wilson_low(earners, force) AS reach_low,
    wilson_high(earners, force) AS reach_high,
    outsiders,
    earned,
    top_reps,
    if(force >= 5, toFloat64(arraySum(arraySlice(amounts, 1, top_reps))) / nullIf(toFloat64(earned), 0), NULL) AS top_share,
    greatest(0, toInt64(length(amounts)) - toInt64(top_reps)) AS earners_outside,
    ifNull(periods_after(period, 1, 'day') <= local_day(addMicroseconds(as_of(), 1)), true) AS mature
FROM ranked
ORDER BY period, slice, currency
