-- How much of the open pipeline hangs on its largest deals.
--
-- Of the deals that are open and worth more than nothing. The index of Herfindahl and Hirschman is the
-- sum of the squared shares of all of them: 1 where one deal is all there is, 1/n where n deals are
-- worth the same. It does not say how likely the large ones are.
--
-- * slice: value of the dimension asked for, empty where none is
-- * pipeline: pipeline the deals run through
-- * currency: currency of the values
-- * deals: open deals worth more than nothing
-- * value: what they are worth
-- * largest_deal: the largest of them
-- * largest: what that is worth
-- * largest_share: largest over value
-- * five_share: value of the five largest over value
-- * half_deals: how many of the largest deals make up half of the value
-- * herfindahl: sum of the squared shares
--
-- key: slice, pipeline, currency
-- formula: Herfindahl-Hirschman index (A. O. Hirschman, American Economic Review 54, 1964, 761-762)
-- why: startsWith(type, 'sales.deal.') AND deal IN
--     (
--         SELECT deal FROM sliced(deals, rep = owner, deal = deal, product = product)
--         WHERE status = 'open' AND slice = row.slice AND pipeline = row.pipeline AND currency = row.currency
--     )
SELECT
    slice,
    pipeline,
    currency,
    length(ranked) AS deals,
    arraySum(ranked.1) AS value,
    ranked[1].2 AS largest_deal,
    ranked[1].1 AS largest,
    rate_of(largest, value) AS largest_share,
    rate_of(arraySum(arraySlice(ranked.1, 1, 5)), value) AS five_share,
    arrayFirstIndex(sofar -> 2 * sofar >= value, arrayCumSum(ranked.1)) AS half_deals,
    arraySum(arrayMap(one -> pow(toFloat64(one) / toFloat64(value), 2), ranked.1)) AS herfindahl
FROM
(
    SELECT
        slice,
        pipeline,
        currency,
        arraySort(one -> (-one.1, one.2), groupArray((assumeNotNull(amount), deal))) AS ranked
    FROM sliced(deals, rep = owner, deal = deal, product = product)
    WHERE status = 'open' AND amount > 0
    GROUP BY slice, pipeline, currency
)
ORDER BY slice, pipeline, currency
