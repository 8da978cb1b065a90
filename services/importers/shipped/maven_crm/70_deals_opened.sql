-- Every deal, opened on the day it was engaged; one that is still prospecting has no date and is
-- opened on the last day the export knows.
SELECT
    'sales.deal.opened.v1' AS type,
    'deal/' || opportunity_id || '/opened' AS id,
    if(
        deal_stage = 'Prospecting',
        (
            SELECT greatest(
                max(toDate(parseDateTimeOrNull(engage_date, '%Y-%m-%d', 'UTC'))),
                max(toDate(parseDateTimeOrNull(close_date, '%Y-%m-%d', 'UTC')))
            )
            FROM sales_pipeline
        ),
        toDate(parseDateTimeOrNull(engage_date, '%Y-%m-%d', 'UTC'))
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
