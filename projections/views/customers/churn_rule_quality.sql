-- How often each rule of churn_signals was right at past dates, and how many who left it saw.
--
-- Each rule is replayed at the end of the last six months that ended 90 days ago or more; `any` holds
-- where one of them does. Customers are the accounts that had bought within the 365 days before, so that
-- who left long ago makes no rule look good. Churned is who made no
-- purchase in the 90 days after: one who buys less often than that counts as churned, and buying later
-- still changes nothing. Precision is the share of those a rule held for that churned, recall the share
-- of those who churned that it held for. The rest are the customers that the rule did not hold for: where
-- the difference is not distinguishable, the rule cries wolf. What happened is taken as it is known now,
-- not as it was known then: what was recorded late counts as if it had been there. Where a signal made
-- somebody act and the customer stayed, the rule looks worse than it is.
--
-- * rule: rule of churn_signals, or any of them
-- * judged_on: day at whose end it was judged, of UTC
-- * customers: accounts that had bought within the 365 days up to it
-- * churned: those of them without a purchase in the 90 days after
-- * churn_rate: churned over customers
-- * churn_rate_low: lower end of its 95 % interval
-- * churn_rate_high: upper end of its 95 % interval
-- * flagged: those that the rule held for
-- * flagged_churned: those of them who churned
-- * precision: flagged_churned over flagged
-- * precision_low: lower end of its 95 % interval
-- * precision_high: upper end of its 95 % interval
-- * recall: flagged_churned over churned
-- * recall_low: lower end of its 95 % interval
-- * recall_high: upper end of its 95 % interval
-- * rest_rate: churn rate of the customers it did not hold for
-- * rest_rate_low: lower end of its 95 % interval
-- * rest_rate_high: upper end of its 95 % interval
-- * difference_low: lower end of the 95 % interval of precision less rest_rate
-- * difference_high: upper end of the 95 % interval of precision less rest_rate
-- * distinguishable: 1 where those two differ by more than chance, else 0
--
-- key: rule, judged_on
-- formula: Wilson score interval (E. B. Wilson, JASA 22, 1927, 209-212); interval of the difference:
--     R. G. Newcombe, Statistics in Medicine 17, 1998, 873-890, method 10
-- optional: sales.payment.failed, sales.payment.overdue, sales.payment.received, sales.ticket.escalated,
--     sales.ticket.closed, sales.survey.answered, sales.subscription.started, sales.subscription.renewed,
--     sales.subscription.changed, sales.subscription.cancelled
-- why: account != '' AND (
--         type IN ('sales.purchase.made.v1', 'sales.payment.failed.v1', 'sales.payment.overdue.v1',
--             'sales.payment.received.v1', 'sales.ticket.escalated.v1', 'sales.ticket.closed.v1', 'sales.survey.answered.v1')
--         OR startsWith(type, 'sales.subscription.') OR startsWith(type, 'sales.call.') OR startsWith(type, 'sales.email.')
--         OR startsWith(type, 'sales.meeting.')
--     )
WITH
    -- The first day whose horizon is not over: as_of may be the end of a day.
    toDate32(addMicroseconds(as_of(), 1)) - 90 AS open_from,
    arrayMap(back -> addMonths(first_day(open_from, 'month'), -back) - 1, range(6)) AS days,
    -- What held at the end of a day is the last thing told by then; of two at one time the good one.
    troubles AS
    (
        SELECT
            account,
            arraySort(groupArrayArray(paid)) AS payments,
            arraySort(groupArrayArray(escalated)) AS tickets,
            arraySort(groupArrayArray(answered)) AS answers,
            groupArrayIf(told_due, notEmpty(told_due)) AS subscriptions
        FROM
        (
            SELECT
                account,
                groupArrayIf((time, if(type = 'sales.payment.received.v1', 0, -1)), startsWith(type, 'sales.payment.')) AS paid,
                groupArrayIf((time, if(type = 'sales.ticket.closed.v1', 0, -1)), startsWith(type, 'sales.ticket.')) AS escalated,
                groupArrayIf(
                    (moment, if(ifNull(facts.score <= if(facts.survey = 'csat', 2, 6), false), -1, 0)),
                    type = 'sales.survey.answered.v1'
                ) AS answered,
                -- From when on it is to be renewed by which day; NULL where it is cancelled or nobody tells.
                arraySort(groupArrayIf((moment, facts.renewal_due), startsWith(type, 'sales.subscription.'))) AS told_due
            FROM facts
            WHERE account != '' AND (
                type IN ('sales.payment.failed.v1', 'sales.payment.overdue.v1', 'sales.payment.received.v1',
                    'sales.ticket.escalated.v1', 'sales.ticket.closed.v1')
                OR type = 'sales.survey.answered.v1' AND facts.survey IN ('csat', 'nps')
                OR type IN ('sales.subscription.started.v1', 'sales.subscription.renewed.v1', 'sales.subscription.cancelled.v1')
                OR type = 'sales.subscription.changed.v1' AND facts.renewal_due IS NOT NULL
            )
            GROUP BY account, facts.subscription
        )
        GROUP BY account
    ),
    replayed AS
    (
        SELECT
            judged_on,
            arrayFilter(day -> day <= judged_on, purchase_days) AS known,
            toInt32(judged_on) - toInt32(known[-1]) AS idle,
            notEmpty(known) AND idle < 365 AS customer,
            arrayPopFront(arrayDifference(arrayMap(day -> toInt32(day), known))) AS gaps,
            customer AND NOT arrayExists(day -> day > judged_on AND day <= judged_on + 90, purchase_days) AS churned,
            customer AND idle > 90 AS idle_long,
            customer AND length(gaps) >= 2 AND ifNull(idle > greatest(14, 3 * arrayReduce('quantileExactInclusive(0.5)', gaps)), 0) AS off_rhythm,
            customer AND arrayLast(told -> toDate32(told.1) <= judged_on, payments).2 = -1 AS payment_trouble,
            customer AND arrayLast(told -> toDate32(told.1) <= judged_on, tickets).2 = -1 AS ticket_escalated,
            arrayFilter(day -> day <= judged_on, contact_days) AS in_contact,
            customer AND enough(length(in_contact)) AND toInt32(judged_on) - toInt32(in_contact[-1]) > greatest(
                30, 3 * arrayReduce('quantileExactInclusive(0.5)', arrayPopFront(arrayDifference(arrayMap(day -> toInt32(day), in_contact))))
            ) AS contact_dried_up,
            customer AND arrayLast(told -> toDate32(told.1.1) <= judged_on, answers).2 = -1 AS low_satisfaction,
            customer AND arrayExists(
                due -> ifNull(due - 30 <= judged_on AND (empty(in_contact) OR in_contact[-1] < due - 60), false),
                arrayMap(told_due -> arrayLast(told -> toDate32(told.1.1) <= judged_on, told_due).2, subscriptions)
            ) AS renewal_untouched
        FROM accounts
        LEFT JOIN troubles ON troubles.account = accounts.account
        ARRAY JOIN days AS judged_on
        WHERE accounts.purchases > 0
    ),
    counted AS
    (
        SELECT
            judged_on,
            countIf(customer) AS customers,
            countIf(churned) AS churned_customers,
            [
                ('idle_long', countIf(idle_long), countIf(idle_long AND churned)),
                ('off_rhythm', countIf(off_rhythm), countIf(off_rhythm AND churned)),
                ('payment_trouble', countIf(payment_trouble), countIf(payment_trouble AND churned)),
                ('ticket_escalated', countIf(ticket_escalated), countIf(ticket_escalated AND churned)),
                ('contact_dried_up', countIf(contact_dried_up), countIf(contact_dried_up AND churned)),
                ('low_satisfaction', countIf(low_satisfaction), countIf(low_satisfaction AND churned)),
                ('renewal_untouched', countIf(renewal_untouched), countIf(renewal_untouched AND churned)),
                ('any', countIf(any_rule), countIf(any_rule AND churned))
            ] AS rules
        FROM
        (
            SELECT
                *,
                idle_long OR off_rhythm OR payment_trouble OR ticket_escalated
                    OR contact_dried_up OR low_satisfaction OR renewal_untouched AS any_rule
            FROM replayed
        )
        GROUP BY judged_on
    ),
    rated AS
    (
        SELECT
            told.1 AS rule,
            judged_on,
            customers,
            churned_customers AS churned,
            told.2 AS flagged,
            told.3 AS flagged_churned,
            rate_of(flagged_churned, flagged) AS precision,
            wilson_low(flagged_churned, flagged) AS precision_low,
            wilson_high(flagged_churned, flagged) AS precision_high,
            customers - flagged AS rest,
            churned - flagged_churned AS rest_churned,
            rate_of(rest_churned, rest) AS rest_rate,
            wilson_low(rest_churned, rest) AS rest_low,
            wilson_high(rest_churned, rest) AS rest_high
        FROM counted
        ARRAY JOIN rules AS told
    ),
    compared AS
    (
        SELECT
            *,
            difference_low(precision, precision_low, precision_high, rest_rate, rest_low, rest_high) AS difference_low,
            difference_high(precision, precision_low, precision_high, rest_rate, rest_low, rest_high) AS difference_high
        FROM rated
    )
SELECT
    rule,
    judged_on,
    customers,
    churned,
    rate_of(churned, customers) AS churn_rate,
    wilson_low(churned, customers) AS churn_rate_low,
    wilson_high(churned, customers) AS churn_rate_high,
    flagged,
    flagged_churned,
    precision,
    precision_low,
    precision_high,
    rate_of(flagged_churned, churned) AS recall,
    wilson_low(flagged_churned, churned) AS recall_low,
    wilson_high(flagged_churned, churned) AS recall_high,
    rest_rate,
    rest_low AS rest_rate_low,
    rest_high AS rest_rate_high,
    difference_low,
    difference_high,
    distinguishable(difference_low, difference_high) AS distinguishable
FROM compared
ORDER BY rule, judged_on
