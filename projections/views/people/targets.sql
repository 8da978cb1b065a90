-- How far each goal with a number and a day has come, and whether it is on course.
--
-- The last one told for a target holds. It is of its team where one is named, else of its territory, else
-- of its rep, else of the whole department: a manager may be named beside the team; of a team or a
-- territory counts what a rep did on the days that began with the rep in it, and a team is without the
-- teams below it. It runs from its first day, or from the day it was first set where it names none, to the
-- day it is due.
--
-- Measured are won_amount, wins and win_rate (deals by their owner, on the day they closed last),
-- new_deals (by their owner, on the day they were opened), new_leads (by who captured them first),
-- purchase_amount, purchases, activities and calls (by the rep and the day of UTC they name; what names
-- no rep is counted for nobody). Money counts only in the currency that `unit` names; returns are not
-- taken off. win_rate is in percent where `unit` says so or the goal is above 1, else a share. Any other
-- metric, money without a currency and a count in percent are not measured: `measured` is 0 and the value
-- is NULL. More is taken for better.
--
-- A goal of an amount or a number is a sum that grows: progress is value over goal, and a baseline is
-- what was reached before: `raised` is value over baseline less 1, beside `to_raise`, which is goal over
-- baseline less 1. So "20 % more than 1,000,000" is reached with 1,200,000, where raised is 0.2. A
-- goal of a rate is a level: with a baseline, progress is the way gone from it to the goal, negative
-- where it went the other way. Before its due day, a rate may still fall, and is never called reached.
--
-- The status is reached (the goal or more), missed (the due day is over, and it is less), not begun
-- (before the first day; of a rate, before a deal closed), not measured, or else on course or behind: by
-- the season of the year before, else by a straight line, and of a rate by the goal. Money has no
-- interval here, so a little behind may be nothing; see `distinguishable` of the counts and rates, which
-- takes things for independent of each other. Neither says why, nor whether the goal was realistic.
--
-- * target: target
-- * metric: what is measured
-- * unit: what the goal is counted in, such as a currency or percent; empty where not told
-- * rep: rep whose goal it is, empty where it is of others
-- * team: team it names, empty where none
-- * territory: territory it names, empty where none
-- * parent_target: larger goal it is part of, empty where none
-- * baseline: number it starts from, NULL where not told
-- * goal: number to reach
-- * starts: its first day
-- * due: day by which it is to be reached
-- * measured: 1 where the platform can measure it, else 0
-- * value: what was reached so far, NULL where it is not measured, or no deal closed for a rate
-- * value_low: lower end of its 95 % interval, of a count or a rate
-- * value_high: upper end of its 95 % interval, of a count or a rate
-- * counted: how many things the value comes from; of a rate, deals closed
-- * progress: value over goal; of a rate with a baseline, value less baseline over goal less baseline
-- * raised: value over baseline less 1, NULL without a baseline above 0
-- * to_raise: goal over baseline less 1, NULL without a baseline above 0
-- * straight: what a straight line asks for by now, today's whole day in it; of a rate, the goal
-- * seasonal: the goal times what the same stretch of the year before had of its whole; NULL where that has fewer than five counted things, is not over, or it is a rate
-- * year_before: what was reached on the same days of the year before, NULL where nothing is known of them, they are not over, or for a rate fewer than five deals closed
-- * status: reached, on course, behind, missed, not measured or not begun
-- * distinguishable: 1 where the value is apart from what it is held against (seasonal, else straight) by more than chance, 0 where not, NULL where that cannot be said
-- * days_left: days after today, the due day in it
-- * mature: 1 where the due day is over, else 0
--
-- key: target
-- formula: what makes a goal one that can be checked: G. T. Doran, Management Review 70 (11), 1981, 35-36;
--     interval of a rate: Wilson score interval (E. B. Wilson, JASA 22, 1927, 209-212); of a count: Byar's
--     (N. E. Breslow and N. E. Day, Statistical Methods in Cancer Research II, 1987, p. 69)
-- why: type = 'sales.target.set.v1' AND target = row.target
--     OR row.measured = 1 AND row.rep = '' AND (startsWith(type, 'sales.rep.') OR startsWith(type, 'sales.team.'))
--     OR row.measured = 1 AND row.metric IN ('won_amount', 'wins', 'win_rate', 'new_deals') AND startsWith(type, 'sales.deal.') AND deal IN
--         (
--             SELECT deal FROM deals
--             WHERE (row.rep = '' OR owner = row.rep) AND (row.metric = 'new_deals' OR status != 'open')
--             AND local_day(if(row.metric = 'new_deals', opened_at, assumeNotNull(closed_at))) BETWEEN addYears(row.starts, -1) AND row.due
--         )
--     OR row.measured = 1 AND row.metric = 'new_leads' AND type = 'sales.lead.captured.v1' AND lead IN
--         (
--             SELECT lead FROM facts
--             WHERE type = 'sales.lead.captured.v1' AND day BETWEEN addYears(row.starts, -1) - 1 AND row.due + 1
--         )
--     OR row.measured = 1 AND (row.rep = '' OR actor = row.rep) AND toDate32(time) BETWEEN addYears(row.starts, -1) AND row.due AND (
--         row.metric IN ('purchase_amount', 'purchases') AND type = 'sales.purchase.made.v1'
--         OR row.metric IN ('activities', 'calls')
--         AND match(type, '^sales\\.(call|email\\.sent|meeting|demo|visit|note|presentation|proposal)\\.')
--     )
WITH
    aims AS
    (
        SELECT
            target,
            argMax((assumeNotNull(facts.metric), ifNull(facts.unit, ''), assumeNotNull(facts.goal), facts.baseline), moment) AS asked,
            argMax((rep, ifNull(facts.team, ''), ifNull(facts.territory, ''), ifNull(facts.parent_target, '')), moment) AS whose,
            argMax((period_start, assumeNotNull(facts.due)), moment) AS days,
            ifNull(days.1, local_day(min(time))) AS starts,
            days.2 AS due,
            asked.1 AS metric,
            asked.2 AS unit,
            metric IN ('won_amount', 'purchase_amount') AS is_money,
            metric = 'win_rate' AS is_rate,
            is_money AND match(unit, '^[A-Z]{3}$')
                OR is_rate
                OR metric IN ('wins', 'new_deals', 'new_leads', 'purchases', 'activities', 'calls') AND unit != 'percent' AS measured,
            (
                multiIf(
                    whose.2 != '', ('team', whose.2),
                    whose.3 != '', ('territory', whose.3),
                    whose.1 != '', ('rep', whose.1),
                    ('', '')
                ),
                metric,
                if(is_money, unit, '')
            ) AS line
        FROM facts
        WHERE type = 'sales.target.set.v1'
        GROUP BY assumeNotNull(facts.target) AS target
    ),
    -- What each rep did on each day: per metric and currency its amount, and how many things that is.
    done AS
    (
        SELECT rep, fact.1 AS day, fact.2 AS metric, fact.3 AS money, sum(fact.4) AS amount, sum(fact.5) AS things
        FROM
        (
            SELECT owner AS rep, local_day(ifNull(closed_at, opened_at)) AS closed, [
                (local_day(opened_at), 'new_deals', '', toDecimal128(1, 9), toUInt64(1)),
                (closed, 'won_amount', toString(deals.currency), if(status = 'won', ifNull(deals.amount, 0), 0), toUInt64(status = 'won')),
                (closed, 'wins', '', toDecimal128(status = 'won', 9), toUInt64(status = 'won')),
                (closed, 'win_rate', '', toDecimal128(status = 'won', 9), toUInt64(status != 'open'))
            ] AS counted
            FROM deals
            UNION ALL
            SELECT argMin(facts.rep, moment), local_day(min(time)) AS captured, [(captured, 'new_leads', '', toDecimal128(1, 9), toUInt64(1))]
            FROM facts
            WHERE type = 'sales.lead.captured.v1'
            GROUP BY facts.lead
            UNION ALL
            SELECT rep, day, [
                (day, 'purchase_amount', rep_days.currency, purchase_amount, purchases),
                (day, 'purchases', '', toDecimal128(purchases, 9), purchases),
                (day, 'activities', '', toDecimal128(activities, 9), activities),
                (day, 'calls', '', toDecimal128(calls, 9), calls)
            ]
            FROM rep_days
        )
        ARRAY JOIN counted AS fact
        WHERE metric IN (SELECT metric FROM aims) AND day <= local_day(as_of())
        GROUP BY rep, day, metric, money
    ),
    belonging AS
    (
        SELECT memberships.rep AS rep, arraySort(groupArray((valid_from, ifNull(valid_to, toDateTime64('2299-12-31', 6, 'UTC')), team, territory))) AS spans
        FROM memberships
        GROUP BY rep
    ),
    lines AS
    (
        SELECT line, groupArray((day, amount, things)) AS days
        FROM
        (
            SELECT line, day, sum(done.amount) AS amount, sum(done.things) AS things
            FROM done
            LEFT ANY JOIN belonging ON belonging.rep = done.rep
            ARRAY JOIN arrayMap(
                place -> (place, metric, money),
                arrayConcat(
                    [('', ''), ('rep', done.rep)],
                    arrayFlatten(arrayMap(
                        span -> [('team', span.3), ('territory', span.4)],
                        arrayFilter(span -> span.1 <= day AND day < span.2, spans)
                    ))
                )
            ) AS line
            WHERE line IN (SELECT line FROM aims)
            GROUP BY line, day
        )
        GROUP BY line
    ),
    summed AS
    (
        SELECT
            aims.*,
            asked.3 AS goal,
            asked.4 AS baseline,
            local_day(as_of()) AS today,
            greatest(dateDiff('day', starts, due) + 1, 1) AS length,
            least(greatest(dateDiff('day', starts, today) + 1, 0), length) AS gone,
            arrayFilter(one -> one.1 >= starts AND one.1 <= due, lines.days) AS told,
            arrayFilter(one -> one.1 >= addYears(starts, -1) AND one.1 <= addYears(due, -1), lines.days) AS before,
            arraySum(one -> one.2, told) AS amount,
            arraySum(one -> one.3, told) AS things,
            arraySum(one -> one.2, before) AS amount_before,
            arraySum(one -> if(one.1 <= addYears(today, -1), one.2, 0), before) AS amount_then,
            arraySum(one -> one.3, before) AS things_before
        FROM aims
        LEFT ANY JOIN lines ON lines.line = aims.line
    ),
    valued AS
    (
        SELECT
            *,
            if(is_rate AND (unit = 'percent' OR goal > 1), 100, 1) AS scale,
            multiIf(
                NOT measured OR is_rate AND things = 0, NULL,
                is_rate, toDecimal128(scale * toFloat64(amount) / greatest(things, 1), 9),
                toDecimal128(amount, 9)
            ) AS value,
            multiIf(
                NOT measured OR is_money, NULL,
                is_rate, scale * wilson_low(amount, things),
                if(things > 0, poisson_low(greatest(things, 1)), 0)
            ) AS value_low,
            multiIf(
                NOT measured OR is_money, NULL,
                is_rate, scale * wilson_high(amount, things),
                poisson_high(things)
            ) AS value_high,
            multiIf(NOT measured, NULL, is_rate, goal, goal * gone / length) AS straight,
            measured AND addYears(due, -1) < today AND if(is_rate, enough(things_before), things_before > 0) AS compares,
            multiIf(
                NOT compares, NULL,
                is_rate, toDecimal128(scale * toFloat64(amount_before) / greatest(things_before, 1), 9),
                toDecimal128(amount_before, 9)
            ) AS year_before,
            if(
                compares AND NOT is_rate AND enough(things_before) AND amount_before > 0,
                toDecimal128(toFloat64(goal) * toFloat64(amount_then) / toFloat64(amount_before), 9),
                NULL
            ) AS seasonal,
            ifNull(seasonal, straight) AS held_against,
            due < local_day(addMicroseconds(as_of(), 1)) AS mature
        FROM summed
    )
SELECT
    target,
    metric,
    unit,
    if(whose.2 = '' AND whose.3 = '', whose.1, '') AS rep,
    whose.2 AS team,
    whose.3 AS territory,
    whose.4 AS parent_target,
    baseline,
    goal,
    starts,
    due,
    measured,
    value,
    value_low,
    value_high,
    things AS counted,
    if(
        is_rate AND ifNull(baseline != goal, false),
        toFloat64(value - baseline) / nullIf(toFloat64(goal - baseline), 0),
        rate_of(value, goal)
    ) AS progress,
    if(baseline > 0, rate_of(value, baseline) - 1, NULL) AS raised,
    if(baseline > 0, rate_of(goal, baseline) - 1, NULL) AS to_raise,
    straight,
    seasonal,
    year_before,
    multiIf(
        NOT measured, 'not measured',
        NOT mature AND (today < starts OR value IS NULL), 'not begun',
        ifNull(value >= goal, false) AND (mature OR NOT is_rate), 'reached',
        mature, 'missed',
        value >= held_against, 'on course',
        'behind'
    ) AS status,
    value_low > held_against OR value_high < held_against AS distinguishable,
    greatest(dateDiff('day', today, due), 0) AS days_left,
    mature
FROM valued
ORDER BY due, target
