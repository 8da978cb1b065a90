-- One purchase per invoice and customer. The price is a float in the file, so it is read digit
-- by digit.
SELECT
    'sales.purchase.made.v1' AS type,
    'purchase/' || InvoiceNo || '/' || toString(toUInt64(CustomerID)) AS id,
    max(InvoiceDate) AS time,
    1 AS sequence,
    InvoiceNo AS subject,
    'customer-' || toString(toUInt64(CustomerID)) AS account,
    InvoiceNo AS `order`,
    sum(Quantity * toDecimal64(toString(UnitPrice), 4)) AS amount,
    'GBP' AS currency,
    toString(sum(Quantity)) AS quantity,
    count() AS lines,
    any(_file) AS _file,
    min(_row) AS _row
FROM invoices
WHERE CustomerID IS NOT NULL
    AND NOT startsWith(InvoiceNo, 'C')
    AND Quantity > 0
    AND UnitPrice > 0
GROUP BY InvoiceNo, CustomerID
ORDER BY min(_row)
