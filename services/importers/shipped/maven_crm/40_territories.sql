-- Regional offices are territories.
SELECT
    'sales.territory.defined.v1' AS type,
    'territory/' || regional_office AS id,
    (SELECT min(toDate(parseDateTimeOrNull(engage_date, '%Y-%m-%d', 'UTC'))) FROM sales_pipeline) AS time,
    regional_office AS subject,
    regional_office AS territory,
    regional_office AS name,
    any(_file) AS _file,
    min(_row) AS _row
FROM sales_teams
GROUP BY regional_office
ORDER BY min(_row)
