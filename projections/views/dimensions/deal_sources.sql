-- Which lead each deal came from, and where that lead came from.
--
-- A deal's lead is the one its own events name last, else the one that was converted into it. Where
-- the lead came from is what its first capture says. Deals without a known lead have no row; one
-- whose lead was never captured has empty columns.
--
-- * deal: deal
-- * lead: lead it came from
-- * source: where the lead comes from, such as marketing or referral, empty where unknown
-- * channel: way the lead came in by, empty where unknown
-- * campaign: campaign that brought the lead, empty where none is known
-- * direction: inbound where the lead came by itself, outbound where it was sought, empty where unknown
-- * captured_at: when the lead came in, NULL where unknown
--
-- key: deal
-- why: deal = row.deal AND (startsWith(type, 'sales.deal.') OR type = 'sales.lead.converted.v1')
--     OR type = 'sales.lead.captured.v1' AND lead = row.lead
-- explains: lead, source, channel, campaign, direction, captured_at
WITH
    linked AS
    (
        SELECT deal, argMax(lead, weight) AS lead
        FROM
        (
            SELECT deal, lead, (1, toDateTime64(0, 6, 'UTC'), toUInt64(0), '', '') AS weight FROM deals WHERE lead != ''
            UNION ALL
            SELECT deal, assumeNotNull(facts.lead) AS lead, (0, time, sequence, toString(facts.source), id) AS weight
            FROM facts
            WHERE type = 'sales.lead.converted.v1' AND deal != ''
        )
        GROUP BY deal
    ),
    captured AS
    (
        SELECT
            assumeNotNull(facts.lead) AS lead,
            ifNull(lead_source, '') AS source,
            ifNull(facts.channel, '') AS channel,
            ifNull(facts.campaign, '') AS campaign,
            ifNull(facts.direction, '') AS direction,
            toNullable(time) AS captured_at
        FROM facts
        WHERE type = 'sales.lead.captured.v1'
        ORDER BY moment
        LIMIT 1 BY lead
    )
SELECT
    linked.deal AS deal,
    linked.lead AS lead,
    captured.source AS source,
    captured.channel AS channel,
    captured.campaign AS campaign,
    captured.direction AS direction,
    captured.captured_at AS captured_at
FROM linked
LEFT JOIN captured ON captured.lead = linked.lead
ORDER BY deal
