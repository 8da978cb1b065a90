-- When each customer's next order is due by the customer's own rhythm, and who has gone quiet.
--
-- The own rhythm is the median gap between days with a purchase, known from three such days on; the next
-- order is due that many days after the last one, halves rounded up. Overdue is what has not come by the
-- end of that day. States: new, where no rhythm is known yet; in rhythm, until the order is due; overdue
-- after that; silent, where the rule off_rhythm of churn_signals holds (idle for more than three times
-- the own rhythm, and at least 14 days); left, where it was told after the last purchase that the
-- customer churned, or silent where that itself says so. Seasons and holidays are not known to it, and a
-- large order lasts longer than it says.
--
-- * account: customer account
-- * purchase_days: days with a purchase so far
-- * last_purchase_on: day of the last purchase
-- * median_gap_days: median gap between days with a purchase, NULL below three such days
-- * p90_gap_days: 90th percentile of the gaps, NULL below five of them
-- * due_on: day by which the next order is due, NULL while no rhythm is known
-- * overdue_days: days since then, 0 where it is not overdue, NULL while no rhythm is known
-- * state: new, in rhythm, overdue, silent or left
-- * left_at: when it was told that the customer left, NULL where it was not after the last purchase
--
-- key: account
-- why: type IN ('sales.purchase.made.v1', 'sales.account.churned.v1') AND account = row.account
-- explains: purchase_days, last_purchase_on, median_gap_days, p90_gap_days, due_on, overdue_days, state,
--     left_at
WITH
    told AS
    (
        SELECT account, argMax((time, ifNull(silent, false)), moment) AS departure
        FROM facts
        WHERE type = 'sales.account.churned.v1' AND account != ''
        GROUP BY account
    ),
    bought AS
    (
        SELECT
            account,
            last_purchase_at,
            length(accounts.purchase_days) AS purchase_days,
            accounts.purchase_days[-1] AS last_purchase_on,
            arrayPopFront(arrayDifference(arrayMap(day -> toInt32(day), accounts.purchase_days))) AS gaps,
            if(length(gaps) >= 2, arrayReduce('quantileExactInclusive(0.5)', gaps), NULL) AS median_gap_days,
            p90_of(gaps) AS p90_gap_days,
            dateDiff('day', last_purchase_on, toDate32(as_of())) AS idle
        FROM accounts
        WHERE accounts.purchases > 0
    )
SELECT
    bought.account AS account,
    purchase_days,
    last_purchase_on,
    median_gap_days,
    p90_gap_days,
    last_purchase_on + toInt32(ceil(median_gap_days)) AS due_on,
    if(median_gap_days IS NULL, NULL, greatest(0, idle - toInt32(ceil(median_gap_days)))) AS overdue_days,
    multiIf(
        left_at IS NOT NULL, if(told.departure.2, 'silent', 'left'),
        median_gap_days IS NULL, 'new',
        idle > greatest(14, 3 * median_gap_days), 'silent',
        overdue_days > 0, 'overdue',
        'in rhythm'
    ) AS state,
    if(told.account != '' AND told.departure.1 > last_purchase_at, toNullable(told.departure.1), NULL) AS left_at
FROM bought
LEFT JOIN told ON told.account = bought.account
ORDER BY overdue_days DESC NULLS LAST, account
