-- Which accounts show signs of leaving, by which rules, on what evidence.
--
-- Every account that ever bought has a row; `rules` is empty where nothing is wrong. Idle days are
-- calendar days since the last purchase. The own rhythm is the median gap between days with a purchase,
-- known from three such days on; contact is a call, an email or a meeting. Rules:
-- idle_long: no purchase for more than 90 days;
-- off_rhythm: idle for more than three times the own median gap, and at least 14 days;
-- payment_trouble: a payment failed or is overdue, and none was received since;
-- ticket_escalated: a ticket was escalated, and none was closed since;
-- contact_dried_up: no contact for more than three times the own median gap between days with contact, and
-- at least 30 days; known from five such days on;
-- low_satisfaction: the last answer to a CSAT or NPS survey was low, 1 or 2 of 5, or 0 to 6 of 10;
-- renewal_untouched: a subscription is to be renewed within 30 days, or was, and there was no contact from
-- 60 days before that day on.
-- A rule says that something is worth a look, not that the customer has left; an email that nobody reads is
-- contact as well.
--
-- * account: customer account
-- * last_purchase_at: time of the last purchase
-- * purchases: purchases so far
-- * idle_days: calendar days since the last purchase
-- * median_gap_days: median gap between days with a purchase, NULL below three such days
-- * rules: names of the rules that fired
-- * evidence: what each rule saw, in the order of the rules; the same as long as its cause is
-- * since: since when each rule holds, in the order of the rules
-- * sources: sources of the account's events
--
-- key: account
-- optional: sales.survey.answered, sales.subscription.started, sales.subscription.renewed, sales.subscription.changed,
--     sales.subscription.cancelled
-- why: account = row.account AND (
--         type IN ('sales.purchase.made.v1', 'sales.payment.failed.v1', 'sales.payment.overdue.v1')
--         OR type IN ('sales.payment.received.v1', 'sales.ticket.escalated.v1', 'sales.ticket.closed.v1')
--         OR type = 'sales.survey.answered.v1' OR startsWith(type, 'sales.subscription.')
--         OR startsWith(type, 'sales.call.') OR startsWith(type, 'sales.email.') OR startsWith(type, 'sales.meeting.')
--     )
-- explains: last_purchase_at, purchases, idle_days, median_gap_days, rules, evidence, since
WITH
    ('', '', toDateTime64(0, 6, 'UTC')) AS nothing,
    -- The last answer of an account, and the days by which its subscriptions are to be renewed.
    told AS
    (
        SELECT account, max(answer) AS answered, arraySort(groupArray(due)) AS dues
        FROM
        (
            SELECT
                account,
                maxIf((moment, ifNull(toString(facts.survey), ''), facts.score), type = 'sales.survey.answered.v1') AS answer,
                argMaxIf(tuple(facts.renewal_due), moment, startsWith(type, 'sales.subscription.')).1 AS due
            FROM facts
            WHERE account != '' AND (
                type = 'sales.survey.answered.v1' AND facts.survey IN ('csat', 'nps')
                OR type IN ('sales.subscription.started.v1', 'sales.subscription.renewed.v1', 'sales.subscription.cancelled.v1')
                OR type = 'sales.subscription.changed.v1' AND facts.renewal_due IS NOT NULL
            )
            GROUP BY account, facts.subscription
        )
        GROUP BY account
    ),
    judged AS
    (
        SELECT
            accounts.account AS account,
            assumeNotNull(accounts.last_purchase_at) AS last_purchase_at,
            accounts.purchases AS purchases,
            dateDiff('day', last_purchase_at, as_of()) AS idle_days,
            if(
                length(purchase_days) >= 3,
                arrayReduce('quantileExactInclusive(0.5)', arrayPopFront(arrayDifference(arrayMap(day -> toInt32(day), purchase_days)))),
                NULL
            ) AS median_gap_days,
            sources,
            toDateTime64(toDate32(last_purchase_at), 6, 'UTC') AS last_day,
            concat('no purchase since ', toString(toDate32(last_purchase_at))) AS idle,
            toUInt32(floor(greatest(14, 3 * ifNull(median_gap_days, 0)))) + 1 AS rhythm_days,
            contact_days[-1] AS last_contact_on,
            if(
                enough(length(contact_days)),
                arrayReduce('quantileExactInclusive(0.5)', arrayPopFront(arrayDifference(arrayMap(day -> toInt32(day), contact_days)))),
                NULL
            ) AS contact_gap_days,
            toUInt32(floor(greatest(30, 3 * ifNull(contact_gap_days, 0)))) + 1 AS contact_rhythm_days,
            arrayFirst(due -> due - 30 <= toDate32(as_of()) AND (empty(contact_days) OR last_contact_on < due - 60), told.dues) AS due,
            [
                if(idle_days > 90, ('idle_long', concat(idle, ', for more than 90 days'), addDays(last_day, 91)), nothing),
                if(
                    median_gap_days IS NOT NULL AND idle_days >= rhythm_days,
                    ('off_rhythm', concat(idle, ', usually one every ', toString(assumeNotNull(median_gap_days)), ' days'), addDays(last_day, rhythm_days)),
                    nothing
                ),
                if(
                    ifNull(payment_trouble_at > ifNull(paid_at, toDateTime64(0, 6, 'UTC')), 0),
                    ('payment_trouble', concat('payment failed or overdue since ', toString(toDate32(assumeNotNull(payment_trouble_at)))), assumeNotNull(payment_trouble_at)),
                    nothing
                ),
                if(
                    ifNull(ticket_escalated_at > ifNull(ticket_closed_at, toDateTime64(0, 6, 'UTC')), 0),
                    ('ticket_escalated', concat('ticket escalated on ', toString(toDate32(assumeNotNull(ticket_escalated_at)))), assumeNotNull(ticket_escalated_at)),
                    nothing
                ),
                if(
                    contact_gap_days IS NOT NULL AND dateDiff('day', last_contact_on, as_of()) >= contact_rhythm_days,
                    (
                        'contact_dried_up',
                        concat('no contact since ', toString(last_contact_on), ', usually one every ', toString(assumeNotNull(contact_gap_days)), ' days'),
                        toDateTime64(last_contact_on + contact_rhythm_days, 6, 'UTC')
                    ),
                    nothing
                ),
                if(
                    told.answered.2 != '' AND ifNull(told.answered.3 <= if(told.answered.2 = 'csat', 2, 6), false),
                    (
                        'low_satisfaction',
                        concat('answered ', toString(told.answered.3), ' to ', upper(told.answered.2), ' on ', toString(toDate32(told.answered.1.1))),
                        told.answered.1.1
                    ),
                    nothing
                ),
                if(
                    due > toDate32('1970-01-01'),
                    ('renewal_untouched', concat('to be renewed by ', toString(due), ', no contact from 60 days before on'), toDateTime64(due - 30, 6, 'UTC')),
                    nothing
                )
            ] AS findings
        FROM accounts
        LEFT JOIN told ON told.account = accounts.account
        WHERE accounts.purchases > 0
    )
SELECT
    account,
    last_purchase_at,
    purchases,
    idle_days,
    median_gap_days,
    arrayMap(f -> f.1, arrayFilter(f -> f.1 != '', findings)) AS rules,
    arrayMap(f -> f.2, arrayFilter(f -> f.1 != '', findings)) AS evidence,
    arrayMap(f -> f.3, arrayFilter(f -> f.1 != '', findings)) AS since,
    sources
FROM judged
ORDER BY length(rules) DESC, idle_days DESC, account
