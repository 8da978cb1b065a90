-- Every hand-off of a lead: who passed it on, when it was answered, and how.
--
-- The answer is the first acceptance or return after the hand-off and before the next one of the same
-- lead.
--
-- * lead: lead
-- * handed_off_at: when it was passed on
-- * rep: who passed it on
-- * recipient: who was to take it, or answered; empty where unknown
-- * role: role it was passed to, empty where unknown
-- * answer: accepted, returned, or waiting
-- * answered_at: when it was answered, NULL where it was not
-- * lag_hours: hours from the hand-off to the answer, NULL where there is none
-- * reason: why it was returned, empty where it was not
--
-- key: lead, handed_off_at, rep
-- why: lead = row.lead AND type IN ('sales.lead.handed_off.v1', 'sales.lead.hand_off_accepted.v1', 'sales.lead.hand_off_returned.v1')
-- explains: recipient, role, answer, answered_at, lag_hours, reason
WITH steps AS
(
    SELECT
        assumeNotNull(facts.lead) AS lead,
        type,
        time,
        rep,
        ifNull(facts.recipient, '') AS recipient,
        ifNull(facts.role, '') AS role,
        leadInFrame(type, 1, '') OVER following AS next_type,
        leadInFrame(time, 1) OVER following AS next_time,
        leadInFrame(rep, 1, '') OVER following AS next_rep,
        leadInFrame(ifNull(facts.reason, ''), 1, '') OVER following AS next_reason
    FROM facts
    WHERE type IN ('sales.lead.handed_off.v1', 'sales.lead.hand_off_accepted.v1', 'sales.lead.hand_off_returned.v1')
    WINDOW following AS (PARTITION BY facts.lead ORDER BY time, sequence, source, id ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING)
)
SELECT
    lead,
    time AS handed_off_at,
    rep,
    multiIf(recipient != '', recipient, answer != 'waiting', next_rep, '') AS recipient,
    role,
    multiIf(next_type = 'sales.lead.hand_off_accepted.v1', 'accepted', next_type = 'sales.lead.hand_off_returned.v1', 'returned', 'waiting') AS answer,
    if(answer = 'waiting', NULL, next_time) AS answered_at,
    dateDiff('second', time, answered_at) / 3600 AS lag_hours,
    if(answer = 'returned', next_reason, '') AS reason
FROM steps
WHERE type = 'sales.lead.handed_off.v1'
ORDER BY handed_off_at, lead, rep
