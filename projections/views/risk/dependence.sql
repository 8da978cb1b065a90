-- How much of the revenue hangs on one customer, product, market or segment.
--
-- Revenue is what was won in deals, on the day they were closed last, and, as a measure of its own, what was
-- purchased, less what was given back, each on its day. The market is the one a purchase names, else the
-- country of the customer, the segment the customer's, both as last told; what is unknown is one value of
-- its own, shown as empty. What is not above 0 after returns is no part of the revenue. The index of Herfindahl and Hirschman is the sum of the squared shares: 1 where one is
-- all there is, 1/n where n are worth the same; so its inverse is how many equal ones would be as
-- concentrated. It does not say how likely the largest is to go.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period the deals were closed in, NULL where none is asked for
-- * measure: won or purchased
-- * dependent_on: customer, product, market or segment
-- * currency: currency of the revenue
-- * revenue: revenue
-- * parts: how many of them it comes from
-- * largest: the largest of them
-- * largest_revenue: revenue that comes from it
-- * largest_share: largest_revenue over revenue
-- * five_share: revenue of the five largest over revenue
-- * herfindahl: sum of the squared shares
-- * as_if_equal: how many equal ones would be as concentrated: 1 over herfindahl
--
-- key: slice, period, measure, dependent_on, currency
-- formula: Herfindahl-Hirschman index (A. O. Hirschman, American Economic Review 54, 1964, 761-762);
--     its inverse as a number of equals: M. A. Adelman, Review of Economics and Statistics 51, 1969, 99-101
-- why: row.measure = 'won' AND startsWith(type, 'sales.deal.') AND deal IN
--         (
--             SELECT deal FROM sliced(deals, rep = owner, deal = deal, product = product, at = closed_at)
--             WHERE status = 'won' AND slice = row.slice AND isNotDistinctFrom(period, row.period) AND currency = row.currency
--         )
--     OR row.measure = 'purchased' AND (source, id) IN
--         (
--             SELECT source, id
--             FROM sliced(
--                 (SELECT * FROM facts WHERE type IN ('sales.purchase.made.v1', 'sales.purchase.returned.v1')),
--                 rep = rep, deal = deal, product = ifNull(product, ''), at = time
--             )
--             WHERE slice = row.slice AND isNotDistinctFrom(period, row.period) AND currency = row.currency
--         )
--     OR startsWith(type, 'sales.account.')
WITH
    sold AS
    (
        SELECT 'won' AS measure, owner AS rep, account, deal, product, '' AS market, local_day(assumeNotNull(closed_at)) AS day, toString(deals.currency) AS currency, assumeNotNull(deals.amount) AS amount
        FROM deals
        WHERE status = 'won' AND deals.amount > 0
        UNION ALL
        SELECT 'purchased', rep, account, deal, ifNull(facts.product, ''), ifNull(facts.market, ''), local_day(time), ifNull(facts.currency, ''),
            if(type = 'sales.purchase.made.v1', 1, -1) * assumeNotNull(facts.amount)
        FROM facts
        WHERE type IN ('sales.purchase.made.v1', 'sales.purchase.returned.v1')
    ),
    of_parts AS
    (
        SELECT slice, period, measure, part.1 AS dependent_on, part.2 AS name, sold.currency AS currency, sum(sold.amount) AS earned
        FROM sliced(sold, rep = rep, deal = deal, product = product, day = day) AS sold
        LEFT ANY JOIN (SELECT account, country, segment FROM accounts) AS known ON known.account = sold.account
        ARRAY JOIN [
            ('customer', sold.account), ('product', sold.product),
            ('market', if(sold.market = '', known.country, sold.market)), ('segment', known.segment)
        ] AS part
        GROUP BY slice, period, measure, dependent_on, name, currency
        HAVING earned > 0
    )
SELECT
    slice,
    period,
    measure,
    dependent_on,
    currency,
    arraySum(ranked.1) AS revenue,
    length(ranked) AS parts,
    ranked[1].2 AS largest,
    ranked[1].1 AS largest_revenue,
    rate_of(largest_revenue, revenue) AS largest_share,
    rate_of(arraySum(arraySlice(ranked.1, 1, 5)), revenue) AS five_share,
    arraySum(arrayMap(one -> pow(toFloat64(one) / toFloat64(revenue), 2), ranked.1)) AS herfindahl,
    1 / herfindahl AS as_if_equal
FROM
(
    SELECT
        slice,
        period,
        measure,
        dependent_on,
        currency,
        arraySort(one -> (-one.1, one.2), groupArray((earned, name))) AS ranked
    FROM of_parts
    GROUP BY slice, period, measure, dependent_on, currency
)
ORDER BY measure, period, slice, currency, dependent_on
