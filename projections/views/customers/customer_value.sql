-- What customers are worth so far, how much that is a year, and how much hangs on the largest of them.
--
-- Value is purchases less returns in a currency, of all time until now, of customers who bought in it. A
-- customer's years run from the first purchase on, whatever was bought since; the year of a customer who
-- came yesterday is a day, so the value a year of young cohorts is mostly their first order, and is only
-- told where the customers have five years or more together. Later cohorts had less time: what is to be
-- compared is the value a year of rows that are alike in age. It is what was, and forecasts nothing;
-- costs are not taken off.
--
-- * slice: value of the dimension asked for, empty where none is; a segment is that of the first purchase
-- * period: first day of the period of the first purchase, NULL where none is asked for
-- * currency: currency of the values
-- * customers: customers who bought
-- * value: what they are worth together, less what was given back
-- * mean_value: value over customers
-- * median_value: median value of a customer, NULL below five
-- * p90_value: 90th percentile of the same, NULL below five
-- * years: years they have been customers, together
-- * value_a_year: value over years, NULL below five years
-- * largest: the customer who is worth most
-- * largest_share: value of that one over value, NULL where value is not above 0
-- * fifth_share: value of the fifth of customers who are worth most, rounded up, over value, NULL likewise
-- * herfindahl: sum of the squared shares of those worth more than nothing
--
-- key: slice, period, currency
-- formula: Herfindahl-Hirschman index (A. O. Hirschman, American Economic Review 54, 1964, 761-762)
-- why: type IN ('sales.purchase.made.v1', 'sales.purchase.returned.v1') AND account IN
--     (
--         SELECT account
--         FROM sliced((SELECT * FROM accounts WHERE accounts.purchases > 0), account = account, at = assumeNotNull(first_purchase_at))
--         WHERE slice = row.slice AND isNotDistinctFrom(period, row.period)
--     )
SELECT
    slice,
    period,
    currency,
    length(ranked) AS customers,
    arraySum(ranked.1) AS value,
    toFloat64(value) / customers AS mean_value,
    median_of(arrayMap(one -> toFloat64(one), ranked.1)) AS median_value,
    p90_of(arrayMap(one -> toFloat64(one), ranked.1)) AS p90_value,
    days / 365.25 AS years,
    if(years >= 5, toFloat64(value) / years, NULL) AS value_a_year,
    ranked[1].2 AS largest,
    if(value > 0, rate_of(ranked[1].1, value), NULL) AS largest_share,
    if(value > 0, rate_of(arraySum(arraySlice(ranked.1, 1, toUInt64(ceil(customers / 5)))), value), NULL) AS fifth_share,
    arraySum(arrayMap(one -> pow(one, 2), positive)) / nullIf(pow(arraySum(positive), 2), 0) AS herfindahl
FROM
(
    SELECT
        slice,
        period,
        currency,
        arraySort(one -> (-one.1, one.2), groupArray((bought + given_back, account))) AS ranked,
        arrayFilter(one -> one > 0, arrayMap(one -> toFloat64(one), ranked.1)) AS positive,
        sum(dateDiff('day', assumeNotNull(first_purchase_at), as_of()) + 1) AS days
    FROM sliced(
        (
            SELECT account, first_purchase_at, worth.1 AS currency, worth.2 AS bought, return_value_by_currency[worth.1] AS given_back
            FROM accounts
            ARRAY JOIN CAST(purchase_value_by_currency, 'Array(Tuple(String, Decimal(38, 9)))') AS worth
            WHERE accounts.purchases > 0
        ),
        account = account,
        at = assumeNotNull(first_purchase_at)
    )
    GROUP BY slice, period, currency
)
ORDER BY period, slice, currency
