-- What stands in the way of deals that are open, and for how long.
--
-- An obstacle is open where the last word on it, within its deal, is that it was raised; its days run from
-- when it was first raised. What stands in the way and was never told has no row.
--
-- * deal: deal
-- * obstacle: what stands in the way
-- * obstacle_type: its kind, empty where unknown
-- * severity: how bad it is, empty where unknown
-- * description: in words, empty where unknown
-- * account: customer account, empty where unknown
-- * owner: rep who owns the deal
-- * stage: stage the deal is in
-- * amount: value of the deal, NULL where unknown
-- * currency: currency of the value, empty where unknown
-- * raised_at: when it was first raised
-- * days: days since then
--
-- key: deal, obstacle
-- why: deal = row.deal AND (startsWith(type, 'sales.deal.') OR startsWith(type, 'sales.obstacle.'))
SELECT
    raised.deal AS deal,
    raised.name AS obstacle,
    ifNull(raised.told.1, '') AS obstacle_type,
    ifNull(toString(raised.told.2), '') AS severity,
    ifNull(raised.told.3, '') AS description,
    stood.account AS account,
    stood.owner AS owner,
    stood.stage AS stage,
    stood.amount AS amount,
    stood.currency AS currency,
    raised_at,
    dateDiff('day', raised_at, as_of()) AS days
FROM
(
    SELECT
        deal,
        assumeNotNull(facts.obstacle) AS name,
        argMaxIf((facts.obstacle_type, facts.severity, facts.description), moment, type = 'sales.obstacle.raised.v1') AS told,
        minIf(time, type = 'sales.obstacle.raised.v1') AS raised_at
    FROM facts
    WHERE type IN ('sales.obstacle.raised.v1', 'sales.obstacle.cleared.v1') AND deal != ''
    GROUP BY deal, name
    HAVING argMax(type, moment) = 'sales.obstacle.raised.v1'
) AS raised
INNER JOIN (SELECT deal, account, owner, stage, amount, currency FROM deals WHERE status = 'open') AS stood ON stood.deal = raised.deal
ORDER BY raised_at, deal, obstacle
