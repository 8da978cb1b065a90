-- Deals closed without a sale. The export gives no reason, and a value of 0, which is left out.
SELECT
    'sales.deal.lost.v1' AS type,
    'deal/' || opportunity_id || '/closed' AS id,
    toDate(parseDateTimeOrNull(close_date, '%Y-%m-%d', 'UTC')) AS time,
    2 AS sequence,
    opportunity_id AS subject,
    opportunity_id AS deal,
    account,
    sales_agent AS actor,
    if(product = 'GTXPro', 'GTX Pro', product) AS product,
    _file,
    _row
FROM sales_pipeline
WHERE deal_stage = 'Lost'
