-- Counts and sums per effective day and currency of one slice (filed day, rep).
SELECT
    filed_day,
    actor AS rep,
    arraySort(groupArrayIf(
        CAST(
            (day, money, calls, emails, meetings, activities, leads, deals_opened, wins, won_amount, losses,
             purchases, purchase_amount, returns, return_amount, events),
            'Tuple(day Date32, currency String, calls UInt64, emails UInt64, meetings UInt64, activities UInt64, leads UInt64, deals_opened UInt64, wins UInt64, won_amount Decimal(38, 9), losses UInt64, purchases UInt64, purchase_amount Decimal(38, 9), returns UInt64, return_amount Decimal(38, 9), events UInt64)'
        ),
        events > 0
    )) AS facts,
    sum(read) AS version,
    sum(events) = 0 AS is_deleted
FROM
(
    SELECT
        filed_day,
        actor,
        toDate32(time) AS day,
        ifNull(currency, '') AS money,
        countIf(live AND startsWith(type, 'sales.call.')) AS calls,
        countIf(live AND type = 'sales.email.sent.v1') AS emails,
        countIf(live AND (startsWith(type, 'sales.meeting.') OR startsWith(type, 'sales.demo.') OR startsWith(type, 'sales.visit.'))) AS meetings,
        countIf(live AND (startsWith(type, 'sales.call.') OR startsWith(type, 'sales.email.sent.') OR startsWith(type, 'sales.meeting.')
            OR startsWith(type, 'sales.demo.') OR startsWith(type, 'sales.visit.') OR startsWith(type, 'sales.note.')
            OR startsWith(type, 'sales.presentation.') OR startsWith(type, 'sales.proposal.'))) AS activities,
        countIf(live AND type = 'sales.lead.captured.v1') AS leads,
        countIf(live AND type = 'sales.deal.opened.v1') AS deals_opened,
        countIf(live AND type = 'sales.deal.won.v1') AS wins,
        sumIf(ifNull(amount, 0), live AND type = 'sales.deal.won.v1') AS won_amount,
        countIf(live AND type = 'sales.deal.lost.v1') AS losses,
        countIf(live AND type = 'sales.purchase.made.v1') AS purchases,
        sumIf(ifNull(amount, 0), live AND type = 'sales.purchase.made.v1') AS purchase_amount,
        countIf(live AND type = 'sales.purchase.returned.v1') AS returns,
        -sumIf(ifNull(amount, 0), live AND type = 'sales.purchase.returned.v1') AS return_amount,
        countIf(live) AS events,
        sum(positions) AS read
    FROM effective
    GROUP BY filed_day, actor, day, money
)
GROUP BY filed_day, rep
