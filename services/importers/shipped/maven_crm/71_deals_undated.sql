-- Says, in the history of each deal that is still prospecting, that its date is not its own.
WITH (
    SELECT greatest(
        max(toDate(parseDateTimeOrNull(engage_date, '%Y-%m-%d', 'UTC'))),
        max(toDate(parseDateTimeOrNull(close_date, '%Y-%m-%d', 'UTC')))
    )
    FROM sales_pipeline
) AS last_day
SELECT
    'sales.import_gap.detected.v1' AS type,
    'deal/' || opportunity_id || '/undated' AS id,
    last_day AS time,
    1 AS sequence,
    opportunity_id AS subject,
    opportunity_id AS deal,
    account,
    sales_agent AS actor,
    (SELECT min(toDate(parseDateTimeOrNull(engage_date, '%Y-%m-%d', 'UTC'))) FROM sales_pipeline) AS gap_start,
    last_day AS gap_end,
    'The export has no date for this deal. It is dated ' || toString(last_day)
        || ', the day of the last dated row.' AS reason,
    _file,
    _row
FROM sales_pipeline
WHERE deal_stage = 'Prospecting'
