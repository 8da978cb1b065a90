-- Every deal, opened on the day it was engaged; one that is still prospecting has no date and is
-- opened on the last day the export knows.
SELECT
    'sales.deal.opened.v1' AS type,
    'deal/' || opportunity_id || '/opened' AS id,
    if(
        deal_stage = 'Prospecting',
        (
            SELECT greatest(max(toDateOrNull(engage_date)), max(toDateOrNull(close_date)))
            FROM sales_pipeline
        ),
        toDateOrNull(engage_date)
    ) AS time,
    0 AS sequence,
    opportunity_id AS subject,
    opportunity_id AS deal,
    account,
    sales_agent AS actor,
    'maven-crm' AS pipeline,
    'Prospecting' AS stage,
    if(product = 'GTXPro', 'GTX Pro', product) AS product,
    _file,
    _row
FROM sales_pipeline
