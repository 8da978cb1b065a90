-- Which risks there are, of what kind, and how likely and dear they were judged before and after control.
--
-- A risk is in the register from when it was found, or first judged; one that is closed stays, with its
-- outcome, and is open again if it is found anew. Before is the last judgement before the first control was applied, after the last
-- one since; while no control is applied there is no after. What is expected is probability times cost,
-- per year. A judgement is somebody's opinion: that it fell after a control does not say the control did
-- it, and the outcome of one risk proves no probability.
--
-- * risk: risk
-- * risk_type: market, customer or internal, empty where it was never told to be found
-- * description: what may go wrong, empty where unknown
-- * account: customer account it hangs on, empty where none
-- * market: market it hangs on, empty where none
-- * team: team it hangs on, empty where none
-- * status: open, or what it was closed as
-- * found_at: when it was found, or first judged
-- * closed_at: when it was closed, NULL while open
-- * controls: what was done about it, in order
-- * controlled_at: when the first control was applied, NULL where none is
-- * probability_before: how likely it was judged within a year before control, NULL where it was not
-- * cost_before: what it would cost, as judged then, NULL where unknown
-- * currency_before: currency of that, empty where unknown
-- * expected_before: probability_before times cost_before
-- * probability_after: how likely it was judged after control, NULL where it was not
-- * cost_after: what it would cost, as judged then, NULL where unknown
-- * currency_after: currency of that, empty where unknown
-- * expected_after: probability_after times cost_after
-- * cost: what it cost where it came about, NULL where unknown
-- * cost_currency: currency of that, empty where unknown
--
-- key: risk
-- why: startsWith(type, 'sales.risk.') AND risk = row.risk
WITH told AS
(
    SELECT
        assumeNotNull(facts.risk) AS name,
        argMaxIf((facts.risk_type, facts.description, facts.market, facts.team), moment, type = 'sales.risk.identified.v1') AS found,
        argMaxIf(facts.account, moment, facts.account != '') AS held_by,
        min(time) AS first_told_at,
        maxIf(moment, type = 'sales.risk.closed.v1') > maxIf(moment, type = 'sales.risk.identified.v1') AS closed,
        argMaxIf((time, facts.outcome, facts.amount, facts.currency), moment, type = 'sales.risk.closed.v1') AS ending,
        arraySort(groupArrayIf((moment, assumeNotNull(facts.control)), type = 'sales.risk.controlled.v1')) AS applied,
        arraySort(one -> one.1, groupArrayIf((moment, facts.probability, facts.amount, facts.currency), type = 'sales.risk.assessed.v1')) AS judged,
        -- Where no judgement is found, all of it is NULL.
        arrayLast(one -> empty(applied) OR one.1 < applied[1].1, judged) AS before,
        arrayLast(one -> notEmpty(applied) AND one.1 > applied[1].1, judged) AS after
    FROM facts
    WHERE startsWith(type, 'sales.risk.')
    GROUP BY name
)
SELECT
    name AS risk,
    ifNull(toString(found.1), '') AS risk_type,
    ifNull(found.2, '') AS description,
    held_by AS account,
    ifNull(found.3, '') AS market,
    ifNull(found.4, '') AS team,
    if(closed, assumeNotNull(ending.2), 'open') AS status,
    first_told_at AS found_at,
    if(closed, ending.1, NULL) AS closed_at,
    arrayMap(one -> one.2, applied) AS controls,
    if(empty(applied), NULL, applied[1].1.1) AS controlled_at,
    before.2 AS probability_before,
    before.3 AS cost_before,
    ifNull(before.4, '') AS currency_before,
    toDecimal128(toFloat64(probability_before) * toFloat64(cost_before), 2) AS expected_before,
    after.2 AS probability_after,
    after.3 AS cost_after,
    ifNull(after.4, '') AS currency_after,
    toDecimal128(toFloat64(probability_after) * toFloat64(cost_after), 2) AS expected_after,
    if(closed, ending.3, NULL) AS cost,
    if(closed, ifNull(ending.4, ''), '') AS cost_currency
FROM told
ORDER BY risk_type, risk
