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
    time,
    kind,
    account,
    deal,
    lead,
    contact,
    cold
FROM rows
ARRAY JOIN
    talks.time AS time,
    talks.kind AS kind,
    talks.account AS account,
    talks.deal AS deal,
    talks.lead AS lead,
    talks.contact AS contact,
    talks.cold AS cold
