-- What each team was defined as, and from when until when.
--
-- The last definition holds; what is absent in it is unknown from then on. A team that was never
-- defined has no row, whoever belongs to it.
--
-- * team: team
-- * name: its name, empty where unknown
-- * manager: who leads it, empty where unknown
-- * territory: territory it looks after, empty where unknown
-- * department: part of the company it belongs to, empty where unknown
-- * parent_team: team it is part of, empty where none
-- * valid_from: time of the definition
-- * valid_to: time of the next one, which holds from then on; NULL where there is none
--
-- key: team, valid_from
-- why: type = 'sales.team.defined.v1' AND team = row.team
-- explains: name, manager, territory, department, parent_team, valid_to
WITH defined AS
(
    SELECT
        assumeNotNull(team) AS team,
        ifNull(name, '') AS name,
        ifNull(manager, '') AS manager,
        ifNull(territory, '') AS territory,
        ifNull(department, '') AS department,
        ifNull(parent_team, '') AS parent_team,
        time AS valid_from
    FROM facts
    WHERE type = 'sales.team.defined.v1'
    ORDER BY moment DESC
    LIMIT 1 BY team, valid_from
)
SELECT
    *,
    leadInFrame(toNullable(valid_from), 1, NULL) OVER (PARTITION BY team ORDER BY valid_from ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS valid_to
FROM defined
ORDER BY team, valid_from
