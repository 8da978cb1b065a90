-- What each rep had open at the end of each day, the time told for it, and the deals closed on it.
--
-- A deal is open from the event that opens it, or takes it up again, until it is won or lost, and is
-- who owns it now's from its beginning. A task is open from when it was first set until it was done or
-- cancelled, whenever it is due, and is of the rep it was last set for; a project from when the rep took
-- it up until the rep ended it. What is opened and closed on one day is not open at its end. A rep's days
-- run from the first on which any of this is told to the last, and on until today as long as anything is
-- open, days off too. Deals, tasks and projects that nobody closes stay open, so who forgets to looks
-- busy; who left is here until the deals are given to others.
--
-- * rep: sales rep
-- * day: the day
-- * open_deals: deals open at its end
-- * open_tasks: tasks open at its end
-- * projects: projects running at its end
-- * seconds: time told as spent on it, seconds
-- * closed: deals won or lost on it
-- * won: deals won on it
--
-- key: rep, day
-- why: startsWith(type, 'sales.deal.') AND deal IN (SELECT deal FROM deals WHERE owner = row.rep)
--     OR actor = row.rep AND type IN ('sales.project.started.v1', 'sales.project.ended.v1', 'sales.time.spent.v1')
--     OR type IN ('sales.task.scheduled.v1', 'sales.task.done.v1', 'sales.task.cancelled.v1') AND task IN
--         (SELECT task FROM facts WHERE type = 'sales.task.scheduled.v1' AND rep = row.rep)
WITH
    -- When what was opened or closed, 1 as long as it is open.
    turns AS
    (
        SELECT 1 AS kind, owner AS rep, arrayZip(changes.at, arrayMap(status -> toInt64(status = 'open'), changes.status)) AS told
        FROM deals
        WHERE owner != ''
        UNION ALL
        SELECT
            if(type LIKE 'sales.task.%', 2, 3) AS kind,
            argMaxIf(facts.rep, moment, begins) AS rep,
            arrayMap(one -> (one.1.1, one.2), arraySort(groupArray((moment, toInt64(begins))))) AS told
        FROM
        (
            SELECT *, type IN ('sales.task.scheduled.v1', 'sales.project.started.v1') AS begins
            FROM facts
            WHERE type IN ('sales.task.scheduled.v1', 'sales.task.done.v1', 'sales.task.cancelled.v1')
                OR type IN ('sales.project.started.v1', 'sales.project.ended.v1') AND facts.rep != ''
        ) AS facts
        GROUP BY kind, if(kind = 2, facts.task, facts.project), if(kind = 2, '', facts.rep)
        HAVING rep != ''
    ),
    -- What a day adds: deals, tasks and projects open, seconds, deals closed and won.
    steps AS
    (
        SELECT
            turns.rep AS rep,
            local_day(turn.1) AS day,
            arrayMap(one -> if(kind = one, turn.2, 0), [1, 2, 3]) AS opened,
            0 AS seconds,
            0 AS closed,
            0 AS won
        FROM turns
        ARRAY JOIN arrayMap((now, before) -> (now.1, now.2 - before.2), told, arrayShiftRight(told, 1)) AS turn
        WHERE turn.2 != 0
        UNION ALL
        SELECT rep, local_day(time), [0, 0, 0], assumeNotNull(duration_seconds), 0, 0
        FROM facts
        WHERE type = 'sales.time.spent.v1' AND rep != ''
        UNION ALL
        SELECT owner, local_day(assumeNotNull(closed_at)), [0, 0, 0], 0, 1, toUInt8(status = 'won')
        FROM deals
        WHERE status != 'open' AND owner != ''
    ),
    -- From each day on which something happens to the next, all stays as it is. What is put together
    -- here is taken apart outside, so that no array goes along with each of its elements.
    stretches AS
    (
        SELECT
            rep,
            arraySort(groupArray((day, added, seconds, closed, won))) AS told,
            arrayCumSum(told.2.1) AS deals,
            arrayCumSum(told.2.2) AS tasks,
            arrayCumSum(told.2.3) AS projects,
            if(deals[-1] + tasks[-1] + projects[-1] > 0, local_day(as_of()), told[-1].1) + 1 AS ends,
            arrayZip(told.1, arrayPushBack(arraySlice(told.1, 2), ends), deals, tasks, projects, told.3, told.4, told.5) AS zipped
        FROM
        (
            SELECT
                rep,
                day,
                (sum(opened[1]), sum(opened[2]), sum(opened[3])) AS added,
                sum(steps.seconds) AS seconds,
                sum(steps.closed) AS closed,
                sum(steps.won) AS won
            FROM steps
            WHERE day <= local_day(as_of())
            GROUP BY rep, day
        )
        GROUP BY rep
    ),
    stretched AS
    (
        SELECT
            rep,
            arrayJoin(zipped) AS stretch,
            stretch.1 AS begins,
            toUInt32(dateDiff('day', begins, stretch.2)) AS length
        FROM stretches
    )
SELECT
    rep,
    begins + n AS day,
    toUInt64(stretch.3) AS open_deals,
    toUInt64(stretch.4) AS open_tasks,
    toUInt64(stretch.5) AS projects,
    toUInt64(if(n = 0, stretch.6, 0)) AS seconds,
    toUInt64(if(n = 0, stretch.7, 0)) AS closed,
    toUInt64(if(n = 0, stretch.8, 0)) AS won
FROM stretched
ARRAY JOIN range(length) AS n
ORDER BY day, rep
