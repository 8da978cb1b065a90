-- Where every rep belongs.
SELECT
    'sales.rep.team_assigned.v1' AS type,
    'rep/' || sales_agent || '/team' AS id,
    (SELECT min(toDate(parseDateTimeOrNull(engage_date, '%Y-%m-%d', 'UTC'))) FROM sales_pipeline) AS time,
    sales_agent AS subject,
    sales_agent AS actor,
    manager AS team,
    manager,
    regional_office AS territory,
    _file,
    _row
FROM sales_teams
