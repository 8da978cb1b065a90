-- Which deals are recorded with something missing or out of order, and what it is.
--
-- The gaps there are: never opened (no event tells its pipeline, which the opening does), closed before
-- opened (it was won or lost before its opening), no account, no owner, no amount (open), won for
-- nothing, no expected close (open), expected close gone by (open), no loss reason, undated (an import
-- found that its date is not its own), at home twice (its events lie in two homes, each of which has a row
-- here and in `deals`; the gateway keeps that from happening), unknown (other events name it, and none of its own).
-- Of events that name an unknown deal only those that `facts` keeps are seen. It does not say what a CRM
-- has that the tape has not.
--
-- * home: where its history lies, mostly its account; empty where it is unknown
-- * deal: deal
-- * account: customer account, empty while unknown
-- * status: open, won, lost, or unknown
-- * owner: rep who owns it; of one that is unknown a rep who acted on it
-- * opened_at: when it was opened; of one that is unknown when it was first named
-- * last_event_at: time of its last event that is known here
-- * gaps: what is missing or out of order, in alphabetical order
--
-- key: home, deal
-- why: deal = row.deal
-- explains: account, status, owner, opened_at, last_event_at, gaps
SELECT
    home,
    deal,
    told.1 AS account,
    told.2 AS status,
    told.3 AS owner,
    told.4 AS opened_at,
    told.5 AS last_event_at,
    arrayFilter((name, holds) -> holds, [
        'at home twice', 'closed before opened', 'expected close gone by', 'never opened', 'no account', 'no amount',
        'no expected close', 'no loss reason', 'no owner', 'undated', 'unknown', 'won for nothing'
    ], found) AS gaps
FROM
(
    SELECT
        key AS home,
        deal,
        (account, toString(status), owner, opened_at, last_event_at) AS told,
        [
            deal IN (SELECT deal FROM deals GROUP BY deal HAVING count() > 1),
            pipeline != '' AND changes.status[1] != 'open',
            status = 'open' AND ifNull(expected_close < local_day(as_of()), false),
            pipeline = '',
            account = '',
            status = 'open' AND amount IS NULL,
            status = 'open' AND expected_close IS NULL,
            status = 'lost' AND reason = '',
            owner = '',
            deal IN (SELECT deal FROM facts WHERE type = 'sales.import_gap.detected.v1'),
            0,
            status = 'won' AND ifNull(amount <= 0, true)
        ] AS found
    FROM deals
    WHERE has(found, 1)
    UNION ALL
    SELECT '', deal, (max(account), 'unknown', max(rep), min(time), max(time)), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]
    FROM facts
    WHERE deal != '' AND deal NOT IN (SELECT deal FROM deals)
    GROUP BY deal
)
ORDER BY opened_at, deal
