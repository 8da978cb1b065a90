-- Every manager has a team, which the export gives no name of its own.
SELECT
    'sales.team.defined.v1' AS type,
    'team/' || manager || '/' || regional_office AS id,
    (SELECT min(toDate(parseDateTimeOrNull(engage_date, '%Y-%m-%d', 'UTC'))) FROM sales_pipeline) AS time,
    manager AS subject,
    manager AS team,
    'Team of ' || manager AS name,
    manager,
    regional_office AS territory,
    any(_file) AS _file,
    min(_row) AS _row
FROM sales_teams
GROUP BY manager, regional_office
ORDER BY min(_row)
