-- Which deals are recorded with something missing or out of order, and what it is.
--
-- The gaps there are: never opened (no event tells its pipeline, which the opening does), closed before
-- opened (it was won or lost before its opening), no account, no owner, no amount (open), won for
-- nothing, no expected close (open), expected close gone by (open), no loss reason, undated (an import
-- found that its date is not its own), at home twice (its events lie in two homes, so that it counts
-- twice; the gateway keeps that from happening), unknown (other events name it, and none of its own).
-- Of events that name an unknown deal only those that `facts` keeps are seen. It does not say what a CRM
-- has that the tape has not.
--
-- * deal: deal
-- * account: customer account, empty while unknown
-- * status: open, won, lost, or unknown
-- * owner: rep who owns it; of one that is unknown a rep who acted on it
-- * opened_at: when it was opened; of one that is unknown when it was first named
-- * last_event_at: time of its last event that is known here
-- * gaps: what is missing or out of order, in alphabetical order
--
-- key: deal
-- why: deal = row.deal
-- explains: account, status, owner, opened_at, last_event_at, gaps
WITH
    -- Where a deal of two homes stands is what the later of them says.
    told AS
    (
        SELECT
            deal,
            1 AS homes,
            (homes, deals.last_event_at, deals.account, toString(deals.status), deals.owner, deals.opened_at) AS standing,
            arrayFilter(gap -> gap != '', [
                if(pipeline = '', 'never opened', ''),
                if(pipeline != '' AND changes[1].status != 'open', 'closed before opened', ''),
                if(deals.account = '', 'no account', ''),
                if(deals.owner = '', 'no owner', ''),
                if(deals.status = 'open' AND amount IS NULL, 'no amount', ''),
                if(deals.status = 'won' AND ifNull(amount <= 0, true), 'won for nothing', ''),
                if(deals.status = 'open' AND expected_close IS NULL, 'no expected close', ''),
                if(deals.status = 'open' AND ifNull(expected_close < local_day(as_of()), false), 'expected close gone by', ''),
                if(deals.status = 'lost' AND reason = '', 'no loss reason', '')
            ]) AS found
        FROM deals
        UNION ALL
        SELECT
            deal,
            0 AS homes,
            (homes, max(time), max(facts.account), 'unknown', max(rep), min(time)) AS standing,
            if(countIf(type = 'sales.import_gap.detected.v1') > 0, ['undated'], []) AS found
        FROM facts
        WHERE deal != ''
        GROUP BY deal
    )
SELECT
    deal,
    standing.3 AS account,
    standing.4 AS status,
    standing.5 AS owner,
    standing.6 AS opened_at,
    standing.2 AS last_event_at,
    gaps
FROM
(
    SELECT
        deal,
        max(told.standing) AS standing,
        arraySort(arrayConcat(
            groupUniqArrayArray(found),
            multiIf(sum(homes) = 0, ['unknown'], sum(homes) > 1, ['at home twice'], [])
        )) AS gaps
    FROM told
    GROUP BY deal
    HAVING notEmpty(gaps)
)
ORDER BY opened_at, deal
