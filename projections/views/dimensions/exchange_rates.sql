-- The worth of one unit of a currency in another, and on which days.
--
-- Of two rates for the same pair and day the one told last holds. Only pairs that were told have
-- rows: nothing is inverted or chained here.
--
-- * from_currency: currency of the one unit
-- * to_currency: currency it is worth something in
-- * rate: units of to_currency for one unit of from_currency
-- * valid_from: first day the rate holds
-- * valid_to: first day another rate holds, NULL where there is none
--
-- key: from_currency, to_currency, valid_from
-- why: type = 'sales.exchange_rate.set.v1' AND currency = row.from_currency AND quote_currency = row.to_currency
-- explains: rate, valid_to
WITH told AS
(
    SELECT
        assumeNotNull(currency) AS from_currency,
        assumeNotNull(quote_currency) AS to_currency,
        assumeNotNull(facts.rate) AS rate,
        assumeNotNull(facts.valid_from) AS valid_from
    FROM facts
    WHERE type = 'sales.exchange_rate.set.v1'
    ORDER BY moment DESC
    LIMIT 1 BY from_currency, to_currency, valid_from
)
SELECT
    *,
    leadInFrame(toNullable(valid_from), 1, NULL) OVER (PARTITION BY from_currency, to_currency ORDER BY valid_from ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS valid_to
FROM told
ORDER BY from_currency, to_currency, valid_from
