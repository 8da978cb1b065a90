-- How much of the revenue hangs on one customer, product, market or segment.
--
-- Revenue is what was won in deals, on the day they were closed last. The market is the country of the
-- customer, the segment the customer's, both as last told; what is unknown is one value of its own,
-- shown as empty. The index of Herfindahl and Hirschman is the sum of the squared shares: 1 where one is
-- all there is, 1/n where n are worth the same; so its inverse is how many equal ones would be as
-- concentrated. It does not say how likely the largest is to go.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period the deals were closed in, NULL where none is asked for
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
-- key: slice, period, dependent_on, currency
-- formula: Herfindahl-Hirschman index (A. O. Hirschman, American Economic Review 54, 1964, 761-762);
--     its inverse as a number of equals: M. A. Adelman, Review of Economics and Statistics 51, 1969, 99-101
-- why: startsWith(type, 'sales.deal.') AND deal IN
--         (
--             SELECT deal FROM sliced(deals, rep = owner, deal = deal, product = product, at = closed_at)
--             WHERE status = 'won' AND slice = row.slice AND isNotDistinctFrom(period, row.period) AND currency = row.currency
--         )
--     OR startsWith(type, 'sales.account.')
SELECT
    slice,
    period,
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
        dependent_on,
        currency,
        arraySort(one -> (-one.1, one.2), groupArray((earned, name))) AS ranked
    FROM
    (
        SELECT slice, period, part.1 AS dependent_on, part.2 AS name, won.currency AS currency, sum(amount) AS earned
        FROM
        (
            SELECT slice, period, account, product, toString(deals.currency) AS currency, assumeNotNull(amount) AS amount
            FROM sliced(deals, rep = owner, deal = deal, product = product, at = closed_at) AS deals
            WHERE status = 'won' AND amount > 0
        ) AS won
        LEFT JOIN (SELECT account, country, segment FROM accounts) AS known ON known.account = won.account
        ARRAY JOIN [('customer', won.account), ('product', won.product), ('market', known.country), ('segment', known.segment)] AS part
        GROUP BY slice, period, dependent_on, name, currency
    )
    GROUP BY slice, period, dependent_on, currency
)
ORDER BY period, slice, currency, dependent_on
