-- One row per account, its homes added up. A value is NULL where there are several currencies; the
-- map by currency holds them all. Returns are negative.
--
-- * name: its name as last told, empty where none was
-- * segment: its segment as last told, empty where none was
-- * country: its country as last told, empty where none was
-- * purchase_value_by_currency: value of all purchases, by currency
-- * currencies_used: currencies of its purchases and returns
-- * purchase_value: value of all purchases, NULL where there is no currency or several
-- * return_value_by_currency: value of all returns, negative, by currency
-- * return_value: value of all returns, negative, NULL where there is no currency or several
-- * currency: currency of both values, empty where there is none or several
SELECT
    account,
    argMax(if(empty(names), '', names[1].name), if(empty(names), toDateTime64(0, 6, 'UTC'), names[1].told_at)) AS name,
    argMax(if(empty(names), '', names[1].segment), if(empty(names), toDateTime64(0, 6, 'UTC'), names[1].told_at)) AS segment,
    argMax(if(empty(names), '', names[1].country), if(empty(names), toDateTime64(0, 6, 'UTC'), names[1].told_at)) AS country,
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
    arraySort(arrayDistinct(groupArrayArray(rows.contact_days))) AS contact_days,
    max(rows.payment_trouble_at) AS payment_trouble_at,
    max(rows.paid_at) AS paid_at,
    max(rows.ticket_escalated_at) AS ticket_escalated_at,
    max(rows.ticket_closed_at) AS ticket_closed_at,
    max(rows.last_event_at) AS last_event_at,
    sum(rows.events) AS events,
    arraySort(arrayDistinct(groupArrayArray(rows.sources))) AS sources
FROM rows
GROUP BY account
