-- One row per account, its homes added up. A value is NULL where there are several currencies; the
-- map by currency holds them all. Returns are negative.
--
-- * name: its name as last told, empty where none was
-- * segment: its segment as last told, empty where none was
-- * country: its country as last told, empty where none was
-- * purchase_value_by_currency: value of all purchases, by currency
-- * purchase_value: value of all purchases, NULL where there are none or several currencies
-- * return_value_by_currency: value of all returns, negative, by currency
-- * return_value: value of all returns, negative, NULL where there are none or several currencies
-- * currency: currency of purchase_value, or of return_value where nothing was bought; else empty
SELECT
    account,
    argMax(if(empty(names), '', names[1].name), if(empty(names), toDateTime64(0, 6, 'UTC'), names[1].told_at)) AS name,
    argMax(if(empty(names), '', names[1].segment), if(empty(names), toDateTime64(0, 6, 'UTC'), names[1].told_at)) AS segment,
    argMax(if(empty(names), '', names[1].country), if(empty(names), toDateTime64(0, 6, 'UTC'), names[1].told_at)) AS country,
    sum(rows.purchases) AS purchases,
    sumMap(purchase_values) AS purchase_value_by_currency,
    if(length(purchase_value_by_currency) = 1, mapValues(purchase_value_by_currency)[1], NULL) AS purchase_value,
    sum(rows.returns) AS returns,
    sumMap(return_values) AS return_value_by_currency,
    if(length(return_value_by_currency) = 1, mapValues(return_value_by_currency)[1], NULL) AS return_value,
    multiIf(
        length(purchase_value_by_currency) = 1, mapKeys(purchase_value_by_currency)[1],
        length(purchase_value_by_currency) = 0 AND length(return_value_by_currency) = 1, mapKeys(return_value_by_currency)[1],
        ''
    ) AS currency,
    min(rows.first_purchase_at) AS first_purchase_at,
    max(rows.last_purchase_at) AS last_purchase_at,
    arraySort(arrayDistinct(arrayFlatten(groupArray(rows.purchase_days)))) AS purchase_days,
    max(rows.last_contact_at) AS last_contact_at,
    max(rows.payment_trouble_at) AS payment_trouble_at,
    max(rows.paid_at) AS paid_at,
    max(rows.ticket_escalated_at) AS ticket_escalated_at,
    max(rows.ticket_closed_at) AS ticket_closed_at,
    max(rows.last_event_at) AS last_event_at,
    sum(rows.events) AS events,
    arraySort(arrayDistinct(arrayFlatten(groupArray(rows.sources)))) AS sources
FROM rows
GROUP BY account
