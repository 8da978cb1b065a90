-- One return per invoice that begins with C and customer. Its lines have negative quantities; what
-- is given back is told as a positive number.
SELECT
    'sales.purchase.returned.v1' AS type,
    'return/' || InvoiceNo || '/' || toString(toUInt64(CustomerID)) AS id,
    max(InvoiceDate) AS time,
    2 AS sequence,
    InvoiceNo AS subject,
    'customer-' || toString(toUInt64(CustomerID)) AS account,
    InvoiceNo AS `order`,
    -sum(Quantity * toDecimal64(toString(UnitPrice), 4)) AS amount,
    'GBP' AS currency,
    toString(-sum(Quantity)) AS quantity,
    count() AS lines,
    any(_file) AS _file,
    min(_row) AS _row
FROM invoices
WHERE CustomerID IS NOT NULL AND startsWith(InvoiceNo, 'C')
GROUP BY InvoiceNo, CustomerID
ORDER BY min(_row)
