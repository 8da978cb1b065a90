-- One purchase per order.
SELECT
    'sales.purchase.made.v1' AS type,
    'order/' || SalesOrderNumber AS id,
    OrderDate AS time,
    1 AS sequence,
    'reseller-' || toString(ResellerKey) AS subject,
    'reseller-' || toString(ResellerKey) AS account,
    'employee-' || toString(EmployeeKey) AS actor,
    SalesOrderNumber AS `order`,
    sum(SalesAmount) AS amount,
    'USD' AS currency,
    toString(sum(OrderQuantity)) AS quantity,
    count() AS lines,
    'territory-' || toString(SalesTerritoryKey) AS territory,
    any(_file) AS _file,
    min(_row) AS _row
FROM sales
GROUP BY SalesOrderNumber, OrderDate, ResellerKey, EmployeeKey, SalesTerritoryKey
ORDER BY OrderDate, SalesOrderNumber
