-- Which team each rep was in, from when until when.
--
-- A rep is in the team assigned last. Managers and roles are not told yet.
--
-- * rep: sales rep
-- * team: team
-- * manager: manager of the rep
-- * territory: territory of the rep
-- * role: role of the rep
-- * valid_from: since when
-- * valid_to: until before when, NULL where it still holds
--
-- key: rep, valid_from
-- why: actor = row.rep AND type = 'sales.rep.team_assigned.v1'
-- explains: team, territory, valid_from, valid_to
SELECT
    actor AS rep,
    assumeNotNull(events.team) AS team,
    '' AS manager,
    ifNull(events.territory, '') AS territory,
    '' AS role,
    time AS valid_from,
    leadInFrame(toNullable(time), 1, NULL) OVER (PARTITION BY actor ORDER BY time, sequence ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS valid_to
FROM events
WHERE type = 'sales.rep.team_assigned.v1' AND actor != ''
