-- What winning a customer costs against keeping one, as a ratio with its interval.
--
-- Cost of winning is the money spent with the purpose acquisition over the customers who first bought;
-- cost of keeping the money spent with the purpose retention over the customers who bought on a later day
-- than their first. Spend counts on its day, a purchase on its day of UTC, and neither waits for the
-- other. Only spend that names its purpose counts: what is spent on both, or on neither, is in none of
-- the costs, and without any there is no row. The interval says what chance does to the two numbers of customers, taken for Poisson
-- numbers, as if the spend were certain. A ratio above 1 says that winning one costs more; it does not
-- say that money moved from the one to the other would bring as much.
--
-- * slice: empty, since a customer is won and kept by the whole department
-- * period: first day of the period, NULL where none is asked for
-- * currency: currency of the spend
-- * acquisition: money spent to win customers
-- * won_customers: customers who first bought
-- * cost_of_winning: acquisition over won_customers, NULL where there are none
-- * retention: money spent to keep customers
-- * kept_customers: customers who bought on a later day than their first
-- * cost_of_keeping: retention over kept_customers, NULL where there are none
-- * ratio: cost_of_winning over cost_of_keeping, NULL where either is 0 or not known
-- * ratio_low: lower end of its 95 % interval, NULL below five customers of either kind
-- * ratio_high: upper end of its 95 % interval, NULL below five customers of either kind
-- * distinguishable: 1 where the interval leaves out 1, else 0
--
-- key: slice, period, currency
-- formula: interval of a ratio of two Poisson numbers by the logarithm: K. J. Rothman and S. Greenland,
--     Modern Epidemiology, 2nd edition, 1998, chapter 14
-- why: type IN ('sales.spend.incurred.v1', 'sales.purchase.made.v1') AND (
--     row.period IS NULL OR type = 'sales.purchase.made.v1' OR (source, id) IN
--     (
--         SELECT source, id
--         FROM sliced((SELECT source, id, local_day(time) AS day FROM facts WHERE type = 'sales.spend.incurred.v1'), day = day)
--         WHERE isNotDistinctFrom(period, row.period)
--     ))
WITH
    counted AS
    (
        SELECT
            slice,
            period,
            sumMapIf(map(currency, amount), purpose = 'acquisition') AS winning,
            sumMapIf(map(currency, amount), purpose = 'retention') AS keeping,
            uniqExactIf(customer, purpose = 'first') AS won_customers,
            uniqExactIf(customer, purpose = 'again') AS kept_customers
        FROM sliced(
            (
                SELECT local_day(time) AS day, assumeNotNull(facts.currency) AS currency, assumeNotNull(facts.amount) AS amount, ifNull(facts.purpose, '') AS purpose, '' AS customer
                FROM facts
                WHERE type = 'sales.spend.incurred.v1' AND facts.purpose IN ('acquisition', 'retention')
                UNION ALL
                SELECT day, '', 0, if(day = purchase_days[1], 'first', 'again'), account
                FROM accounts
                ARRAY JOIN purchase_days AS day
            ),
            day = day
        )
        GROUP BY slice, period
    ),
    costed AS
    (
        SELECT
            slice,
            period,
            arrayJoin(mapKeys(mapAdd(winning, keeping))) AS currency,
            winning[currency] AS acquisition,
            won_customers,
            toFloat64(acquisition) / nullIf(won_customers, 0) AS cost_of_winning,
            keeping[currency] AS retention,
            kept_customers,
            toFloat64(retention) / nullIf(kept_customers, 0) AS cost_of_keeping,
            nullIf(cost_of_winning, 0) / nullIf(cost_of_keeping, 0) AS ratio,
            if(enough(least(won_customers, kept_customers)), exp(1.959963984540054 * sqrt(1 / won_customers + 1 / kept_customers)), NULL) AS spread
        FROM counted
    )
SELECT
    slice,
    period,
    currency,
    acquisition,
    won_customers,
    cost_of_winning,
    retention,
    kept_customers,
    cost_of_keeping,
    ratio,
    ratio / spread AS ratio_low,
    ratio * spread AS ratio_high,
    ifNull(ratio_low > 1 OR ratio_high < 1, false) AS distinguishable
FROM costed
ORDER BY period, currency
