-- Which accounts show signs of leaving, by which rules, on what evidence.
--
-- Every account that ever bought has a row; `rules` is empty where nothing is wrong. Idle days are
-- calendar days since the last purchase. The own rhythm is the median gap between days with a purchase,
-- known from three such days on. Rules:
-- idle_long: no purchase for more than 90 days;
-- off_rhythm: idle for more than three times the own median gap, and at least 14 days;
-- payment_trouble: a payment failed or is overdue, and none was received since;
-- ticket_escalated: a ticket was escalated, and none was closed since.
-- A rule says that something is worth a look, not that the customer has left.
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
-- why: account = row.account AND (
--         type IN ('sales.purchase.made.v1', 'sales.payment.failed.v1', 'sales.payment.overdue.v1')
--         OR type IN ('sales.payment.received.v1', 'sales.ticket.escalated.v1', 'sales.ticket.closed.v1')
--     )
-- explains: last_purchase_at, purchases, idle_days, median_gap_days, rules, evidence, since
WITH
    ('', '', toDateTime64(0, 6, 'UTC')) AS nothing,
    judged AS
    (
        SELECT
            account,
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
                )
            ] AS findings
        FROM accounts
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
