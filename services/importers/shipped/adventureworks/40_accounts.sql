-- The resellers, known from the first order of the export on.
SELECT
    'sales.account.created.v1' AS type,
    'account/' || toString(ResellerKey) AS id,
    (SELECT min(OrderDate) FROM sales) AS time,
    'reseller-' || toString(ResellerKey) AS subject,
    'reseller-' || toString(ResellerKey) AS account,
    ResellerName AS name,
    BusinessType AS segment,
    NumberEmployees AS employees,
    AnnualSales AS annual_revenue,
    if(AnnualSales IS NULL, NULL, 'USD') AS currency,
    YearOpened AS founded_year,
    _file,
    _row
FROM resellers
