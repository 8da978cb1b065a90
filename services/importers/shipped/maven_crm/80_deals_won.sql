-- Deals closed with a sale, for the value of the close.
SELECT
    'sales.deal.won.v1' AS type,
    'deal/' || opportunity_id || '/closed' AS id,
    toDate(parseDateTimeOrNull(close_date, '%Y-%m-%d', 'UTC')) AS time,
    2 AS sequence,
    opportunity_id AS subject,
    opportunity_id AS deal,
    account,
    sales_agent AS actor,
    close_value AS amount,
    'USD' AS currency,
    if(product = 'GTXPro', 'GTX Pro', product) AS product,
    _file,
    _row
FROM sales_pipeline
WHERE deal_stage = 'Won'
