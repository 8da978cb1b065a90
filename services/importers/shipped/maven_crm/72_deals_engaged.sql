-- Every deal that got further than prospecting was engaged on a day; won and lost ones too.
SELECT
    'sales.deal.stage_changed.v1' AS type,
    'deal/' || opportunity_id || '/engaged' AS id,
    toDate(parseDateTimeOrNull(engage_date, '%Y-%m-%d', 'UTC')) AS time,
    1 AS sequence,
    opportunity_id AS subject,
    opportunity_id AS deal,
    account,
    sales_agent AS actor,
    if(deal_stage IN ('Won', 'Lost'), 'Engaging', deal_stage) AS stage,
    'Prospecting' AS previous_stage,
    _file,
    _row
FROM sales_pipeline
WHERE deal_stage != 'Prospecting'
