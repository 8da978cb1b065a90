-- What profit the books established for each quarter or other period, and whether it was a loss.
--
-- Profit is what is told for a period, and where told for a part: a product, a segment, a territory; what
-- is told last for the same five names and currency holds. Each part has rows of its own: parts are not
-- added up, since nothing says that they are all there are. The period before is the last told one of
-- the same part that has as many months, so that months and quarters each follow their own; where one was
-- never told, it is skipped. A period that was never booked has no row.
--
-- * period_start: first day of the period
-- * period_end: last day of the period
-- * product: product it was made with, empty where for all
-- * segment: segment it was made in, empty where for all
-- * territory: territory it was made in, empty where for all
-- * currency: currency of the profit
-- * profit: profit, negative where it is a loss
-- * loss: 1 where it is a loss, else 0
-- * before: profit of the period before, NULL where there is none
-- * change: profit less before
-- * in_a_row: how many periods in a row, with this one, were a loss, or were none, as this one
--
-- key: period_start, period_end, product, segment, territory, currency
-- why: type = 'sales.profit.booked.v1' AND currency = row.currency AND ifNull(product, '') = row.product
--     AND ifNull(segment, '') = row.segment AND ifNull(territory, '') = row.territory
WITH booked AS
(
    SELECT
        assumeNotNull(facts.period_start) AS first_on,
        assumeNotNull(facts.period_end) AS last_on,
        (ifNull(facts.product, ''), ifNull(facts.segment, ''), ifNull(facts.territory, '')) AS part,
        assumeNotNull(facts.currency) AS money,
        assumeNotNull(facts.amount) AS earned
    FROM facts
    WHERE type = 'sales.profit.booked.v1'
    ORDER BY moment DESC
    LIMIT 1 BY first_on, last_on, part, money
)
SELECT
    one.1 AS period_start,
    one.2 AS period_end,
    part.1 AS product,
    part.2 AS segment,
    part.3 AS territory,
    money AS currency,
    one.3 AS profit,
    profit < 0 AS loss,
    if(place > 1, told[place - 1].3, NULL) AS before,
    profit - before AS change,
    place - arrayLastIndex(other -> (other.3 < 0) != loss, arraySlice(told, 1, place)) AS in_a_row
FROM
(
    SELECT part, money, arraySort(groupArray((first_on, last_on, earned))) AS told
    FROM booked
    GROUP BY part, money, toRelativeMonthNum(last_on + 1) - toRelativeMonthNum(first_on)
)
ARRAY JOIN told AS one, arrayEnumerate(told) AS place
ORDER BY currency, product, segment, territory, period_start, period_end
