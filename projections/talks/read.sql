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
-- * who_kind: what who is: account, lead, deal or contact, the first that is known; empty where none
-- * who: who was talked to, as far as known
SELECT
    rep,
    time,
    kind,
    account,
    deal,
    lead,
    contact,
    cold,
    who_kind,
    who
FROM rows
ARRAY JOIN
    talks.time AS time,
    talks.kind AS kind,
    talks.account AS account,
    talks.deal AS deal,
    talks.lead AS lead,
    talks.contact AS contact,
    talks.cold AS cold,
    talks.who_kind AS who_kind,
    talks.who AS who
