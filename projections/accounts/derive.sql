-- Facts of an account that add up, whatever the home they lie in (a deal opened before its account
-- was known keeps a home of its own).
SELECT
    key,
    account,
    key != account AS elsewhere,
    arrayMap(
        told -> CAST((told.1, told.5, told.6, told.7), 'Tuple(told_at DateTime64(6, \'UTC\'), name String, segment String, country String)'),
        arraySlice(
            arrayReverseSort(
                groupArrayIf(
                    (time, sequence, source, id, ifNull(name, ''), ifNull(segment, ''), ifNull(country, '')),
                    live AND type IN ('sales.account.created.v1', 'sales.account.profile_changed.v1')
                )
            ), 1, 1
        )
    ) AS names,
    arraySort(groupUniqArrayIf(source, live)) AS sources,
    arraySort(groupUniqArrayIf(ifNull(currency, ''), bought OR returned)) AS currencies,
    countIf(bought) AS purchases,
    sumIf(ifNull(amount, 0), bought) AS purchase_total,
    sumMapIf(map(ifNull(currency, ''), ifNull(amount, 0)), bought) AS purchase_values,
    countIf(returned) AS returns,
    -sumIf(ifNull(amount, 0), returned) AS return_total,
    sumMapIf(map(ifNull(currency, ''), -ifNull(amount, 0)), returned) AS return_values,
    minOrNullIf(time, bought) AS first_purchase_at,
    maxOrNullIf(time, bought) AS last_purchase_at,
    arraySort(groupUniqArrayIf(toDate32(time), bought)) AS purchase_days,
    maxOrNullIf(time, in_contact) AS last_contact_at,
    arraySort(groupUniqArrayIf(toDate32(time), in_contact)) AS contact_days,
    maxOrNullIf(time, live AND type IN ('sales.payment.failed.v1', 'sales.payment.overdue.v1')) AS payment_trouble_at,
    maxOrNullIf(time, live AND type = 'sales.payment.received.v1') AS paid_at,
    maxOrNullIf(time, live AND type = 'sales.ticket.escalated.v1') AS ticket_escalated_at,
    maxOrNullIf(time, live AND type = 'sales.ticket.closed.v1') AS ticket_closed_at,
    maxIf(time, live) AS last_event_at,
    countIf(live) AS events,
    sum(positions) AS version,
    countIf(live) = 0 AS is_deleted
FROM
(
    SELECT
        *,
        live AND type = 'sales.purchase.made.v1' AS bought,
        live AND type = 'sales.purchase.returned.v1' AS returned,
        live AND (startsWith(type, 'sales.call.') OR startsWith(type, 'sales.email.') OR startsWith(type, 'sales.meeting.')) AS in_contact
    FROM effective
    WHERE account != ''
)
GROUP BY key, account
