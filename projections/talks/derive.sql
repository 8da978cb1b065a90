-- The conversations of one slice (filed day, rep), in order. A call that reached nobody is none, nor
-- is what a machine did; a call that does not say what came of it counts. Who was talked to is the
-- account; where it is not known, the lead, the deal or the contact, in this order.
SELECT
    filed_day,
    actor AS rep,
    arraySort(groupArrayIf(
        CAST(
            (
                time, kind, account, deal, ifNull(lead, ''), ifNull(contact, ''), ifNull(cold, false),
                multiIf(account != '', 'account', ifNull(lead, '') != '', 'lead', deal != '', 'deal', ifNull(contact, '') != '', 'contact', ''),
                multiIf(account != '', account, ifNull(lead, '') != '', ifNull(lead, ''), deal != '', deal, ifNull(contact, ''))
            ),
            'Tuple(time DateTime64(6, \'UTC\'), kind LowCardinality(String), account String, deal String, lead String, contact String, cold Bool, who_kind LowCardinality(String), who String)'
        ),
        talked
    )) AS talks,
    sum(positions) AS version,
    countIf(talked) = 0 AS is_deleted
FROM
(
    SELECT
        *,
        splitByChar('.', type)[2] AS kind,
        live
            AND ifNull(performer, 'person') = 'person'
            AND (
                type IN ('sales.conversation.held.v1', 'sales.meeting.held.v1', 'sales.demo.held.v1', 'sales.visit.made.v1')
                OR type = 'sales.call.made.v1' AND ifNull(outcome, '') NOT IN ('voicemail', 'no_answer', 'busy')
            ) AS talked
    FROM effective
)
GROUP BY filed_day, rep
