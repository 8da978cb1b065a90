-- How much of each budget is spent, and whether that is more than its time gone by.
--
-- A budget is an amount for a line, a period and, where told, a team; the last one set for the same four
-- names holds. Spend counts on its day against every budget of its line and currency whose period holds
-- that day, and of its team where the budget names one; so the budgets of a month and of a year each
-- count it. Expected by now is the budget's share of the days gone by: a straight line, which knows no
-- season. Spend without a budget has a row of its own, of the line and the currency, without a period.
--
-- * budget_line: line of the budget, empty where the spend names none
-- * team: team it is for, empty where for all
-- * period_start: first day of the period, NULL for spend without a budget
-- * period_end: last day of the period, NULL for spend without a budget
-- * currency: currency of all amounts
-- * budget: what may be spent, NULL for spend without a budget
-- * spent: what was spent
-- * spends: how many times something was spent
-- * used: spent over budget, NULL where there is none or it is 0
-- * left_over: budget less spent, negative where it is exceeded
-- * expected_by_now: what a straight line through the period would have spent
-- * state: within, ahead (more spent than expected by now), exceeded, or no budget
--
-- key: budget_line, team, period_start, period_end, currency
-- why: type IN ('sales.budget.set.v1', 'sales.spend.incurred.v1') AND currency = row.currency
--     AND ifNull(budget_line, '') = row.budget_line
WITH
    budgets AS
    (
        SELECT
            assumeNotNull(facts.budget_line) AS line,
            ifNull(facts.team, '') AS for_team,
            assumeNotNull(period_start) AS first_on,
            assumeNotNull(period_end) AS last_on,
            assumeNotNull(facts.currency) AS money,
            assumeNotNull(amount) AS budget
        FROM facts
        WHERE type = 'sales.budget.set.v1'
        ORDER BY moment DESC
        LIMIT 1 BY line, for_team, first_on, last_on, money
    ),
    listed AS
    (
        SELECT line, money, groupArray((for_team, first_on, last_on, budget)) AS lists
        FROM budgets
        GROUP BY line, money
    ),
    spent AS
    (
        SELECT
            ifNull(facts.budget_line, '') AS line,
            assumeNotNull(facts.currency) AS money,
            groupArray((ifNull(facts.team, ''), local_day(time), assumeNotNull(amount))) AS spends
        FROM facts
        WHERE type = 'sales.spend.incurred.v1'
        GROUP BY line, money
    ),
    -- Of each line and currency its budgets, and what was spent without one as if it were another.
    paired AS
    (
        SELECT
            if(listed.line = '', spent.line, listed.line) AS line,
            if(listed.money = '', spent.money, listed.money) AS money,
            arrayMap(list -> arrayFilter(spend -> list.1 IN ('', spend.1) AND spend.2 BETWEEN list.2 AND list.3, spends), lists) AS within,
            arrayFilter(spend -> NOT arrayExists(list -> list.1 IN ('', spend.1) AND spend.2 BETWEEN list.2 AND list.3, lists), spends) AS others,
            arrayConcat(
                arrayMap((list, found) -> (list.1, toNullable(list.2), toNullable(list.3), toNullable(list.4), found), lists, within),
                if(empty(others), [], [('', CAST(NULL, 'Nullable(Date32)'), CAST(NULL, 'Nullable(Date32)'), CAST(NULL, 'Nullable(Decimal(38, 9))'), others)])
            ) AS told
        FROM listed
        FULL JOIN spent ON spent.line = listed.line AND spent.money = listed.money
    )
SELECT
    line AS budget_line,
    one.1 AS team,
    one.2 AS period_start,
    one.3 AS period_end,
    money AS currency,
    one.4 AS budget,
    arraySum(spend -> spend.3, one.5) AS spent,
    length(one.5) AS spends,
    toFloat64(spent) / nullIf(toFloat64(budget), 0) AS used,
    budget - spent AS left_over,
    toDecimal128(
        toFloat64(budget) * greatest(0, least(1,
            (dateDiff('day', period_start, local_day(as_of())) + 1) / (dateDiff('day', period_start, period_end) + 1)
        )),
        2
    ) AS expected_by_now,
    multiIf(budget IS NULL, 'no budget', spent > budget, 'exceeded', spent > expected_by_now, 'ahead', 'within') AS state
FROM paired
ARRAY JOIN told AS one
ORDER BY budget_line, currency, period_start, period_end, team
