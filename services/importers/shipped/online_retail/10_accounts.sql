-- Every customer of a purchase or a return, known from the first of them on.
SELECT
    'sales.account.created.v1' AS type,
    'account/' || toString(toUInt64(CustomerID)) AS id,
    min(InvoiceDate) AS time,
    'customer-' || toString(toUInt64(CustomerID)) AS subject,
    'customer-' || toString(toUInt64(CustomerID)) AS account,
    argMin(Country, (InvoiceDate, _row)) AS country,
    any(_file) AS _file,
    min(_row) AS _row
FROM invoices
WHERE CustomerID IS NOT NULL
    AND (startsWith(InvoiceNo, 'C') OR (Quantity > 0 AND UnitPrice > 0))
GROUP BY CustomerID
ORDER BY min(_row)
