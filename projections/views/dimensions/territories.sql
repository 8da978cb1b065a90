-- What each territory was defined as, and from when until when.
--
-- The last definition holds; what is absent in it is unknown from then on.
--
-- * territory: territory
-- * name: its name, empty where unknown
-- * country: country it lies in, empty where unknown
-- * region: region it lies in, empty where unknown
-- * parent_territory: territory it is part of, empty where none
-- * segment: segment it is made of, empty where it is none of one
-- * valid_from: time of the definition
-- * valid_to: time of the next one, which holds from then on; NULL where there is none
--
-- key: territory, valid_from
-- why: type = 'sales.territory.defined.v1' AND territory = row.territory
-- explains: name, country, region, parent_territory, segment, valid_to
WITH defined AS
(
    SELECT
        assumeNotNull(territory) AS territory,
        ifNull(name, '') AS name,
        ifNull(country, '') AS country,
        ifNull(region, '') AS region,
        ifNull(parent_territory, '') AS parent_territory,
        ifNull(segment, '') AS segment,
        time AS valid_from
    FROM facts
    WHERE type = 'sales.territory.defined.v1'
    ORDER BY moment DESC
    LIMIT 1 BY territory, valid_from
)
SELECT
    *,
    leadInFrame(toNullable(valid_from), 1, NULL) OVER (PARTITION BY territory ORDER BY valid_from ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS valid_to
FROM defined
ORDER BY territory, valid_from
