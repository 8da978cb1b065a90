-- Which team, manager, territory and role each rep had, and from when until when.
--
-- A rep belongs somewhere from the first event that says so (joining, being hired for a day, being
-- assigned) until leaving; who comes back begins anew. What an event leaves out stays as it was, but
-- a manager only as long as the team stays: then, as long as none is named, it is the manager that
-- the team was defined with at the time. So is a territory that was never named for the rep. Spans
-- of one rep do not overlap, and each differs from the one before.
--
-- * rep: sales rep
-- * team: team the rep belongs to, empty where unknown
-- * manager: manager the rep reports to, empty where unknown
-- * territory: territory the rep looks after, empty where unknown
-- * role: role of the rep, empty where unknown
-- * valid_from: since when all of it holds
-- * valid_to: time from which something else does, or the rep has left; NULL where it still holds
--
-- key: rep, valid_from
-- why: actor = row.rep AND type IN ('sales.rep.hired.v1', 'sales.rep.joined.v1', 'sales.rep.left.v1',
--         'sales.rep.team_assigned.v1', 'sales.rep.manager_assigned.v1',
--         'sales.rep.territory_assigned.v1', 'sales.rep.role_assigned.v1')
--     OR type = 'sales.team.defined.v1'
-- explains: team, manager, territory, role, valid_to
WITH
    steps AS
    (
        SELECT
            rep,
            if(type = 'sales.rep.hired.v1' AND starts_on > toDate32(time), toDateTime64(assumeNotNull(starts_on), 6, 'UTC'), time) AS at,
            (at, sequence, source, id) AS place,
            type = 'sales.rep.left.v1' AS leaves,
            countIf(leaves) OVER (PARTITION BY rep ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS stint,
            facts.team AS team,
            facts.manager AS manager,
            facts.territory AS territory,
            facts.role AS role
        FROM facts
        WHERE type IN ('sales.rep.hired.v1', 'sales.rep.joined.v1', 'sales.rep.left.v1', 'sales.rep.team_assigned.v1',
                'sales.rep.manager_assigned.v1', 'sales.rep.territory_assigned.v1', 'sales.rep.role_assigned.v1')
            AND rep != ''
    ),
    -- One row per rep, stint and time: what held after all that was told for that time.
    told AS
    (
        SELECT
            rep,
            stint,
            at,
            leaves,
            team_told AS team,
            anyLast(manager) OVER (PARTITION BY rep, stint, tenure ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS manager,
            territory_told AS territory,
            role_told AS role
        FROM
        (
            SELECT *, countIf(moves) OVER (PARTITION BY rep, stint ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS tenure
            FROM
            (
                SELECT
                    *,
                    ifNull(anyLast(team) OVER so_far, '') AS team_told,
                    anyLast(territory) OVER so_far AS territory_told,
                    ifNull(anyLast(role) OVER so_far, '') AS role_told,
                    ifNull(team != anyLast(team) OVER before, team IS NOT NULL) AS moves
                FROM steps
                WINDOW
                    so_far AS (PARTITION BY rep, stint ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW),
                    before AS (PARTITION BY rep, stint ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
            )
        )
        ORDER BY rep, place DESC
        LIMIT 1 BY rep, stint, at
    ),
    spans AS
    (
        SELECT
            *,
            minIf(toNullable(at), leaves) OVER (PARTITION BY rep, stint) AS ends,
            leadInFrame(toNullable(at), 1, NULL) OVER (PARTITION BY rep, stint ORDER BY at ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS next
        FROM told
    ),
    defined AS
    (
        SELECT team, arraySort(groupArray((teams.valid_from, teams.manager, teams.territory))) AS definitions
        FROM teams
        GROUP BY team
    ),
    -- A span is cut where its team was defined anew.
    cut AS
    (
        SELECT
            spans.rep AS rep,
            spans.stint AS stint,
            spans.ends AS ends,
            arrayJoin(arrayConcat(
                [spans.at],
                arrayMap(d -> d.1, arrayFilter(d -> d.1 > spans.at AND ifNull(d.1 < spans.next, 1), defined.definitions))
            )) AS since,
            arrayLast(d -> d.1 <= since, defined.definitions) AS definition,
            (
                spans.team,
                ifNull(spans.manager, definition.2),
                ifNull(spans.territory, definition.3),
                spans.role
            ) AS standing
        FROM spans
        LEFT JOIN defined ON defined.team = spans.team
        WHERE NOT spans.leaves
    ),
    changes AS
    (
        SELECT *
        FROM
        (
            SELECT
                *,
                lagInFrame(toNullable(standing), 1, NULL) OVER (PARTITION BY rep, stint ORDER BY since ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before
            FROM cut
        )
        WHERE NOT ifNull(before = standing, 0)
    )
SELECT
    rep,
    standing.1 AS team,
    standing.2 AS manager,
    standing.3 AS territory,
    standing.4 AS role,
    since AS valid_from,
    ifNull(leadInFrame(toNullable(since), 1, NULL) OVER (PARTITION BY rep, stint ORDER BY since ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING), ends) AS valid_to
FROM changes
ORDER BY rep, valid_from
