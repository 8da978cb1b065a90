-- One row per rep, day and currency. Returns are negative.
--
-- * day: day, after correction
-- * currency: currency of the amounts, empty for what names none
-- * calls: calls made and received
-- * emails: emails sent
-- * meetings: meetings, demos and visits
-- * activities: calls, emails sent, meetings, demos, visits, notes, presentations and proposals
-- * leads: leads captured
-- * deals_opened: deals opened
-- * wins: deals won
-- * won_amount: value of the deals won
-- * losses: deals lost
-- * purchases: purchases credited
-- * purchase_amount: value of those purchases
-- * returns: returns of purchases
-- * return_amount: value of those returns, negative
-- * events: live events of the day
SELECT
    rep,
    fact.day AS day,
    fact.currency AS currency,
    sum(fact.calls) AS calls,
    sum(fact.emails) AS emails,
    sum(fact.meetings) AS meetings,
    sum(fact.activities) AS activities,
    sum(fact.leads) AS leads,
    sum(fact.deals_opened) AS deals_opened,
    sum(fact.wins) AS wins,
    sum(fact.won_amount) AS won_amount,
    sum(fact.losses) AS losses,
    sum(fact.purchases) AS purchases,
    sum(fact.purchase_amount) AS purchase_amount,
    sum(fact.returns) AS returns,
    sum(fact.return_amount) AS return_amount,
    sum(fact.events) AS events
FROM (SELECT rep, arrayJoin(facts) AS fact FROM rows)
GROUP BY rep, day, currency
