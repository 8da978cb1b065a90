-- What each product was defined as, and from when until when.
--
-- The last definition holds; what is absent in it is unknown from then on. A product that was sold
-- and never defined has no row.
--
-- * product: product
-- * name: its name, empty where unknown
-- * series: family of products it belongs to, empty where unknown
-- * list_price: price of one unit, NULL where unknown
-- * currency: currency of the price, empty where there is none
-- * unit: what it is counted in, empty where unknown
-- * launched_on: first day it could be bought in any market, NULL where no launch was told
-- * valid_from: time of the definition
-- * valid_to: time of the next one, which holds from then on; NULL where there is none
--
-- key: product, valid_from
-- why: type IN ('sales.product.defined.v1', 'sales.product.launched.v1') AND product = row.product
-- explains: name, series, list_price, currency, unit, launched_on, valid_to
WITH
    defined AS
    (
        SELECT
            assumeNotNull(facts.product) AS product,
            ifNull(name, '') AS name,
            ifNull(series, '') AS series,
            amount AS list_price,
            ifNull(facts.currency, '') AS currency,
            ifNull(unit, '') AS unit,
            time AS valid_from
        FROM facts
        WHERE type = 'sales.product.defined.v1'
        ORDER BY moment DESC
        LIMIT 1 BY product, valid_from
    ),
    launched AS
    (
        SELECT assumeNotNull(facts.product) AS product, min(facts.valid_from) AS launched_on
        FROM facts
        WHERE type = 'sales.product.launched.v1'
        GROUP BY product
    )
SELECT
    product,
    name,
    series,
    list_price,
    currency,
    unit,
    launched.launched_on AS launched_on,
    defined.valid_from AS valid_from,
    leadInFrame(toNullable(defined.valid_from), 1, NULL) OVER (PARTITION BY product ORDER BY defined.valid_from ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS valid_to
FROM defined
LEFT JOIN launched ON launched.product = defined.product
ORDER BY product, valid_from
