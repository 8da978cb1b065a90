-- Every lead: where it came from, who has it, what was done about it, and what became of it.
--
-- A lead came in with its first capture, or with the first event about it where it was never
-- captured. Its kind is the last judgement: qualified, or why it was not, or unjudged. Whether it was
-- ready on arrival is what the first judgement of that says: an assessment of readiness, being
-- qualified (ready), being unqualified as not_ready. Touched is whatever was done about it by a
-- person or a machine; contacted is the first conversation with a person of the company: reached for
-- the first time, a call that reached somebody, a conversation, meeting, demo or visit. It is won when
-- the deal that it was converted into is or, where none is named, when any deal that names it is.
--
-- * lead: lead
-- * rep: who has it: assigned last, or accepted it last, else who captured it; empty where nobody
-- * kind: qualified, the reason why it is not, or unjudged
-- * source: where it comes from, such as marketing or referral, empty where unknown
-- * channel: way it came in by, empty where unknown
-- * campaign: campaign that brought it, empty where none is known
-- * direction: inbound where it came by itself, outbound where it was sought, empty where unknown
-- * product: product the interest is in, empty where unknown
-- * segment: segment, empty where unknown
-- * territory: territory, empty where unknown
-- * came_at: when it came in
-- * ready: whether it was ready on arrival, NULL where nobody judged
-- * assigned_at: when it was assigned first, NULL where it never was
-- * rule: how the first rep was chosen, such as skill_match or random, empty where unknown
-- * touched_at: when something was first done about it, NULL where nothing was
-- * contacted_at: first conversation with a person of the company, NULL where there was none
-- * nurtures: touches of nurturing
-- * buyer_touches: touches that came from the buyer before that conversation, or so far
-- * our_touches: touches by the department before that conversation, or so far
-- * qualified_at: when it was qualified first, NULL where it never was
-- * unqualified_at: when it was last found not likely to lead to a sale, NULL where it never was
-- * converted_at: when it became a deal or an account, NULL where it did not
-- * deal: deal that came from it, of several the first by name, empty where none
-- * won_at: when that was won, or the first of several; NULL where none is
--
-- key: lead
-- why: lead = row.lead OR startsWith(type, 'sales.deal.') AND (deal = row.deal OR lead = row.lead OR deal IN (SELECT deal FROM deals WHERE lead = row.lead))
-- explains: rep, kind, source, channel, campaign, direction, product, segment, territory, came_at,
--     ready, assigned_at, rule, touched_at, contacted_at, nurtures, buyer_touches, our_touches,
--     qualified_at, unqualified_at, converted_at, deal, won_at
WITH
    told AS
    (
        SELECT
            assumeNotNull(facts.lead) AS lead,
            type,
            time,
            moment,
            rep,
            deal,
            startsWith(type, 'sales.lead.') OR type = 'sales.prospect.identified.v1' AS own,
            type = 'sales.lead.captured.v1' AS captured,
            type IN ('sales.touch.recorded.v1', 'sales.email.opened.v1', 'sales.email.received.v1',
                'sales.message.received.v1', 'sales.content.viewed.v1') AS by_buyer,
            type IN ('sales.lead.nurtured.v1', 'sales.lead.first_contacted.v1', 'sales.call.made.v1', 'sales.email.sent.v1',
                'sales.message.sent.v1', 'sales.conversation.held.v1', 'sales.meeting.held.v1', 'sales.demo.held.v1',
                'sales.visit.made.v1', 'sales.content.shared.v1') AS by_us,
            type IN ('sales.lead.first_contacted.v1', 'sales.call.made.v1', 'sales.conversation.held.v1',
                    'sales.meeting.held.v1', 'sales.demo.held.v1', 'sales.visit.made.v1')
                AND ifNull(performer, 'person') = 'person'
                AND NOT (type = 'sales.call.made.v1' AND ifNull(outcome, '') IN ('voicemail', 'no_answer', 'busy')) AS talked,
            multiIf(type = 'sales.lead.qualified.v1', 'qualified', type = 'sales.lead.unqualified.v1', ifNull(reason, ''), '') AS judgement,
            multiIf(
                type = 'sales.lead.readiness_assessed.v1', toInt8(ifNull(facts.ready, false)),
                judgement = 'qualified', 1,
                judgement = 'not_ready', 0,
                -1
            ) AS readiness,
            (ifNull(lead_source, ''), ifNull(facts.channel, ''), ifNull(facts.campaign, ''), ifNull(facts.direction, ''),
                ifNull(facts.product, ''), ifNull(facts.segment, ''), ifNull(facts.territory, '')) AS said,
            ifNull(facts.rule, '') AS rule
        FROM facts
        WHERE facts.lead IS NOT NULL AND (own OR by_buyer OR by_us)
    ),
    gathered AS
    (
        SELECT
            lead,
            countIf(own) AS owned,
            coalesce(minOrNullIf(time, captured), min(time)) AS came_at,
            argMinIf(said, moment, captured) AS origin,
            coalesce(
                argMaxOrNullIf(rep, moment, type IN ('sales.lead.assigned.v1', 'sales.lead.hand_off_accepted.v1') AND rep != ''),
                argMaxIf(rep, moment, captured)
            ) AS rep,
            argMaxIf(judgement, moment, judgement != '') AS kind,
            argMinOrNullIf(readiness = 1, moment, readiness >= 0) AS ready,
            minOrNullIf(time, type = 'sales.lead.assigned.v1') AS assigned_at,
            argMinIf(rule, moment, type = 'sales.lead.assigned.v1') AS rule,
            minOrNullIf(time, by_us) AS touched_at,
            minOrNullIf(time, talked) AS contacted_at,
            countIf(type = 'sales.lead.nurtured.v1') AS nurtures,
            groupArrayIf(time, by_buyer) AS buyer_times,
            groupArrayIf(time, by_us) AS our_times,
            minOrNullIf(time, judgement = 'qualified') AS qualified_at,
            maxOrNullIf(time, type = 'sales.lead.unqualified.v1') AS unqualified_at,
            minOrNullIf(time, type = 'sales.lead.converted.v1') AS converted_at,
            argMaxIf(deal, moment, type = 'sales.lead.converted.v1') AS into,
            if(into != '', ('deal', into), ('lead', lead)) AS link
        FROM told
        GROUP BY lead
    ),
    -- A deal by its own name and by the lead that it names.
    dealt AS
    (
        SELECT link, min(deal) AS deal, minOrNullIf(assumeNotNull(closed_at), status = 'won') AS won_at
        FROM (SELECT deal, status, closed_at, arrayJoin([('deal', deal), ('lead', lead)]) AS link FROM deals)
        WHERE link.2 != ''
        GROUP BY link
    )
SELECT
    gathered.lead AS lead,
    gathered.rep AS rep,
    if(gathered.kind = '', 'unjudged', gathered.kind) AS kind,
    origin.1 AS source,
    origin.2 AS channel,
    origin.3 AS campaign,
    origin.4 AS direction,
    origin.5 AS product,
    origin.6 AS segment,
    origin.7 AS territory,
    came_at,
    ready,
    assigned_at,
    rule,
    touched_at,
    contacted_at,
    nurtures,
    arrayCount(at -> ifNull(at < contacted_at, 1), buyer_times) AS buyer_touches,
    arrayCount(at -> ifNull(at < contacted_at, 1), our_times) AS our_touches,
    qualified_at,
    unqualified_at,
    converted_at,
    dealt.deal AS deal,
    dealt.won_at AS won_at
FROM gathered
LEFT JOIN dealt ON dealt.link = gathered.link
WHERE owned > 0
ORDER BY lead
