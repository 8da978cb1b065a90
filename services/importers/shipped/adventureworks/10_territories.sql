-- The sales territories; the one called NA stands for none and is left out.
SELECT
    'sales.territory.defined.v1' AS type,
    'territory/' || SalesTerritoryKey AS id,
    (SELECT min(toDate(parseDateTimeOrNull(Date, '%Y-%m-%d', 'UTC'))) FROM quotas) AS time,
    'territory-' || SalesTerritoryKey AS subject,
    'territory-' || SalesTerritoryKey AS territory,
    SalesTerritoryRegion AS name,
    SalesTerritoryCountry AS country,
    SalesTerritoryGroup AS region,
    _file,
    _row
FROM territories
WHERE SalesTerritoryRegion != 'NA'
