-- The price list.
SELECT
    'sales.product.defined.v1' AS type,
    'product/' || product AS id,
    (SELECT min(toDate(parseDateTimeOrNull(engage_date, '%Y-%m-%d', 'UTC'))) FROM sales_pipeline) AS time,
    product AS subject,
    product,
    product AS name,
    series,
    sales_price AS amount,
    'USD' AS currency,
    _file,
    _row
FROM products
