-- One row per conversation.
--
-- * rep: sales rep
-- * time: when it was held, after correction
-- * kind: call, conversation, meeting, demo or visit
-- * account: customer account, empty where unknown
-- * deal: deal it was about, empty where none
-- * lead: lead it was with, empty where none
-- * contact: person at the other side, empty where not told
-- * cold: whether it was the first contact with someone who did not ask for it
SELECT
    rep,
    talk.time AS time,
    talk.kind AS kind,
    talk.account AS account,
    talk.deal AS deal,
    talk.lead AS lead,
    talk.contact AS contact,
    talk.cold AS cold
FROM (SELECT rep, arrayJoin(talks) AS talk FROM rows)
