-- Which leads wait: nothing was done about them, nobody has talked to them, or a task is overdue.
--
-- Only leads that are undecided: neither converted nor found unlikely. Overdue is what waits longer for
-- its first conversation than nine of ten leads did, where at least five were talked to; a task is
-- overdue on the day after it was due, unless it was done or cancelled.
--
-- * lead: lead
-- * rep: who has it, empty where nobody
-- * source: where it comes from, empty where unknown
-- * came_at: when it came in
-- * state: untouched, not reached, or in contact
-- * waiting_hours: hours since it came in, without a conversation; NULL where there was one
-- * overdue: 1 where it waits longer than nine of ten did, or has an overdue task
-- * overdue_tasks: tasks about it that are overdue, by name
--
-- key: lead
-- why: lead = row.lead
-- explains: rep, source, came_at, state, waiting_hours, overdue_tasks
WITH
    arrived AS
    (
        SELECT
            *,
            dateDiff('second', came_at, contacted_at) AS seconds,
            if(enough(count(seconds) OVER ()), quantileExactInclusive(0.9)(seconds) OVER (), NULL) AS usual_seconds
        FROM leads
    ),
    tasks AS
    (
        SELECT lead, groupArray(task) AS overdue_tasks
        FROM
        (
            SELECT
                assumeNotNull(facts.task) AS task,
                argMaxIf(ifNull(facts.lead, ''), moment, type = 'sales.task.scheduled.v1') AS lead,
                maxIf(facts.due, type = 'sales.task.scheduled.v1') AS due,
                countIf(type != 'sales.task.scheduled.v1') AS ended
            FROM facts
            WHERE type IN ('sales.task.scheduled.v1', 'sales.task.done.v1', 'sales.task.cancelled.v1')
            GROUP BY task
            ORDER BY task
        )
        WHERE ended = 0 AND lead != '' AND due < toDate32(as_of())
        GROUP BY lead
    )
SELECT
    arrived.lead AS lead,
    rep,
    source,
    came_at,
    multiIf(contacted_at IS NOT NULL, 'in contact', touched_at IS NOT NULL, 'not reached', 'untouched') AS state,
    if(contacted_at IS NULL, dateDiff('hour', came_at, as_of()), NULL) AS waiting_hours,
    ifNull(contacted_at IS NULL AND dateDiff('second', came_at, as_of()) > usual_seconds, 0) OR notEmpty(tasks.overdue_tasks) AS overdue,
    tasks.overdue_tasks AS overdue_tasks
FROM arrived
LEFT JOIN tasks ON tasks.lead = arrived.lead
WHERE converted_at IS NULL AND unqualified_at IS NULL AND (contacted_at IS NULL OR notEmpty(overdue_tasks))
ORDER BY overdue DESC, came_at, lead
