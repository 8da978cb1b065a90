-- The same as read.sql, which is `reading` here. Nearly every account has one home, itself, and is
-- read as it stands; adding up is for those with facts in other homes too.
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
    contact_days,
    payment_trouble_at,
    paid_at,
    ticket_escalated_at,
    ticket_closed_at,
    last_event_at,
    events,
    sources
FROM rows
WHERE elsewhere = 0 AND account NOT IN (SELECT account FROM rows WHERE elsewhere = 1)
UNION ALL
SELECT * FROM reading
WHERE account IN (SELECT account FROM rows WHERE elsewhere = 1)
