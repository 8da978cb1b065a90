-- The same as read.sql. Nearly every account has one home, itself, and is read as it stands; adding
-- up is for those with facts in other homes too.
SELECT
    account,
    names[1].name AS name,
    names[1].segment AS segment,
    names[1].country AS country,
    purchases,
    purchase_values AS purchase_value_by_currency,
    currencies AS currencies_used,
    if(length(currencies) = 1, purchase_total, NULL) AS purchase_value,
    returns,
    return_values AS return_value_by_currency,
    if(length(currencies) = 1, return_total, NULL) AS return_value,
    if(length(currencies) = 1, currencies[1], '') AS currency,
    first_purchase_at,
    last_purchase_at,
    purchase_days,
    last_contact_at,
    payment_trouble_at,
    paid_at,
    ticket_escalated_at,
    ticket_closed_at,
    last_event_at,
    events,
    sources
FROM rows
WHERE key = account AND account NOT IN (SELECT account FROM rows WHERE key != account)
UNION ALL
SELECT
    account,
    argMax(names[1].name, told_at) AS name,
    argMax(names[1].segment, told_at) AS segment,
    argMax(names[1].country, told_at) AS country,
    sum(rows.purchases) AS purchases,
    sumMap(rows.purchase_values) AS purchase_value_by_currency,
    arraySort(arrayDistinct(groupArrayArray(rows.currencies))) AS currencies_used,
    if(length(currencies_used) = 1, sum(rows.purchase_total), NULL) AS purchase_value,
    sum(rows.returns) AS returns,
    sumMap(rows.return_values) AS return_value_by_currency,
    if(length(currencies_used) = 1, sum(rows.return_total), NULL) AS return_value,
    if(length(currencies_used) = 1, currencies_used[1], '') AS currency,
    min(rows.first_purchase_at) AS first_purchase_at,
    max(rows.last_purchase_at) AS last_purchase_at,
    arraySort(arrayDistinct(groupArrayArray(rows.purchase_days))) AS purchase_days,
    max(rows.last_contact_at) AS last_contact_at,
    max(rows.payment_trouble_at) AS payment_trouble_at,
    max(rows.paid_at) AS paid_at,
    max(rows.ticket_escalated_at) AS ticket_escalated_at,
    max(rows.ticket_closed_at) AS ticket_closed_at,
    max(rows.last_event_at) AS last_event_at,
    sum(rows.events) AS events,
    arraySort(arrayDistinct(groupArrayArray(rows.sources))) AS sources
FROM (SELECT *, if(empty(names), toDateTime64(0, 6, 'UTC'), names[1].told_at) AS told_at FROM rows) AS rows
WHERE account IN (SELECT account FROM rows WHERE key != account)
GROUP BY account
