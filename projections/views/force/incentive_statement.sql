-- What each rep earned and was paid in commission, and which rewards came besides.
--
-- Each amount counts at the time of its own event: commission earned in March and paid in April stands
-- in both months, once on each side. So the balance of a period is what moved in it; what is owed is the
-- balance of all time, asked for without periods. A negative amount, such as commission taken back,
-- lowers the sum. Rewards are no part of the balance. It leaves out salary and other pay, and what the
-- plan should have yielded: it adds up what was recorded, and does not reckon it again. What names no
-- rep is not in it.
--
-- * rep: sales rep
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period, NULL where none is asked for
-- * currency: currency of all amounts, empty for rewards whose worth is not told
-- * commissions: how many times commission was earned
-- * earned: commission earned
-- * payments: how many times commission was paid
-- * paid: commission paid
-- * balance: earned less paid, negative where more was paid
-- * rewards: rewards given
-- * reward_worth: what they are worth
-- * unexplained: commissions earned that name neither plan nor rule, and rewards that name neither plan,
--     criterion nor reason
-- * incentive_plans: plans that earned commission and rewards name, in order of their names
--
-- key: rep, slice, period, currency
-- why: type IN ('sales.commission.earned.v1', 'sales.commission.paid.v1', 'sales.reward.given.v1') AND (source, id) IN
--     (
--         SELECT source, id
--         FROM sliced((SELECT source, id, rep, time, ifNull(facts.currency, '') AS money FROM facts WHERE type IN ('sales.commission.earned.v1', 'sales.commission.paid.v1', 'sales.reward.given.v1')), rep = rep, at = time)
--         WHERE rep = row.rep AND slice = row.slice AND isNotDistinctFrom(period, row.period) AND money = row.currency
--     )
SELECT
    rep,
    slice,
    period,
    money AS currency,
    countIf(type = 'sales.commission.earned.v1') AS commissions,
    sumIf(worth, type = 'sales.commission.earned.v1') AS earned,
    countIf(type = 'sales.commission.paid.v1') AS payments,
    sumIf(worth, type = 'sales.commission.paid.v1') AS paid,
    earned - paid AS balance,
    countIf(type = 'sales.reward.given.v1') AS rewards,
    sumIf(worth, type = 'sales.reward.given.v1') AS reward_worth,
    countIf(type != 'sales.commission.paid.v1' AND NOT explained) AS unexplained,
    arraySort(groupUniqArrayIf(plan, plan != '' AND type != 'sales.commission.paid.v1')) AS incentive_plans
FROM sliced(
    (
        SELECT
            rep,
            type,
            time,
            ifNull(facts.currency, '') AS money,
            ifNull(amount, 0) AS worth,
            ifNull(incentive_plan, '') AS plan,
            plan != '' OR ifNull(rule, '') != '' OR ifNull(criterion, '') != '' OR ifNull(reason, '') != '' AS explained
        FROM facts
        WHERE type IN ('sales.commission.earned.v1', 'sales.commission.paid.v1', 'sales.reward.given.v1') AND rep != ''
    ),
    rep = rep, at = time
)
GROUP BY rep, slice, period, currency
ORDER BY period, slice, rep, currency
