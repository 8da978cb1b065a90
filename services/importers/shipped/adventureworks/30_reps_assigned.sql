-- Where they belong: to the group of their territory; a manager, who has none, to the group of
-- those who report to him.
WITH
    grouped AS (
        SELECT e.*, t.SalesTerritoryGroup AS own_group, t.SalesTerritoryRegion AS region
        FROM employees AS e
        JOIN territories AS t ON t.SalesTerritoryKey = e.SalesTerritoryKey
        WHERE e.SalesPersonFlag = '1'
    ),
    led AS (
        SELECT ParentEmployeeKey AS EmployeeKey, min(own_group) AS led_group
        FROM grouped
        WHERE region != 'NA'
        GROUP BY ParentEmployeeKey
    )
SELECT
    'sales.rep.team_assigned.v1' AS type,
    'rep/' || g.EmployeeKey || '/team' AS id,
    toDate(parseDateTimeOrNull(g.HireDate, '%Y-%m-%d', 'UTC')) AS time,
    1 AS sequence,
    'employee-' || g.EmployeeKey AS subject,
    'employee-' || g.EmployeeKey AS actor,
    if(g.region = 'NA', led.led_group, g.own_group) AS team,
    'employee-' || g.ParentEmployeeKey AS manager,
    if(g.region = 'NA', NULL, 'territory-' || g.SalesTerritoryKey) AS territory,
    g._file AS _file,
    g._row AS _row
FROM grouped AS g
LEFT JOIN led ON led.EmployeeKey = g.EmployeeKey
ORDER BY g._row
