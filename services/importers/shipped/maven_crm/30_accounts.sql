-- The customers, by the names that the pipeline uses. Revenue is given in millions.
SELECT
    'sales.account.created.v1' AS type,
    'account/' || account AS id,
    (SELECT min(toDate(parseDateTimeOrNull(engage_date, '%Y-%m-%d', 'UTC'))) FROM sales_pipeline) AS time,
    account AS subject,
    account,
    account AS name,
    sector AS segment,
    office_location AS country,
    subsidiary_of AS parent,
    employees,
    toDecimal64(revenue, 2) * 1000000 AS annual_revenue,
    if(revenue IS NULL, NULL, 'USD') AS currency,
    year_established AS founded_year,
    _file,
    _row
FROM accounts
