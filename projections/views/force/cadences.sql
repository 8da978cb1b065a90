-- What is due and overdue: reviews, surveys, visits, trainings, meetings, each at its own interval.
--
-- A cadence says how often an event of a type is due; the last one set under its name holds from its
-- first day on, and none whose interval is 0. Where the type is about a rep (appraisal, feedback,
-- coaching, training, skill, check-in and their like), each rep is owed one who now belongs to the team
-- and has the role it names; where it names a segment, or the type is a visit, care or a survey, each
-- account of the segment; where it names a role, each rep likewise; otherwise the team it names, or the
-- department. It is due one interval after it was last done, but not before the cadence began; where it
-- was never done, one interval after the cadence began, or after the rep first joined or the account was
-- created. Whoever does it, and whichever training or meeting it was, fulfils it. Calls, emails and what
-- else `facts` leaves out is not seen, and never called overdue. A cadence that is for nobody now has a
-- row that says so. It does not say that doing it more often would be of use.
--
-- * cadence: cadence
-- * fulfilled_by: type of event that fulfils it
-- * subject_type: who it is owed to: account, rep, team or department
-- * name: account, rep or team it is owed to, empty for the department or nobody
-- * interval_count: once in so many units
-- * interval_unit: day, week, month, quarter or year
-- * times_done: how often it was ever done
-- * last_done: day it was last done, NULL where never
-- * due_on: day by which it is to be done, NULL where unseen or nobody is owed it
-- * days_overdue: days since then, NULL where it is not overdue
-- * state: overdue, due (today), done (not due yet), pending (never done, not due yet), unseen
--     or nobody (is owed it)
--
-- key: cadence, subject_type, name
-- why: type = 'sales.cadence.set.v1' AND cadence = row.cadence
--     OR type = row.fulfilled_by AND (
--         row.subject_type = 'account' AND account = row.name OR row.subject_type = 'rep' AND actor = row.name
--         OR row.subject_type = 'team' AND team = row.name OR row.subject_type = 'department')
--     OR row.subject_type = 'rep' AND (startsWith(type, 'sales.rep.') AND actor = row.name OR type = 'sales.team.defined.v1')
--     OR row.subject_type = 'account' AND startsWith(type, 'sales.account.') AND account = row.name
-- explains: fulfilled_by, interval_count, interval_unit, times_done, last_done, due_on, days_overdue, state
WITH
    settled AS
    (
        SELECT
            assumeNotNull(facts.cadence) AS cadence,
            argMax(
                (
                    assumeNotNull(fulfilled_by), toInt64(assumeNotNull(interval_count)), assumeNotNull(toString(interval_unit)), ifNull(facts.segment, ''),
                    ifNull(facts.team, ''), ifNull(facts.role, ''), ifNull(facts.valid_from, local_day(time))
                ),
                moment
            ) AS last,
            multiIf(
                match(last.1, '^sales\\.(appraisal|feedback|coaching|training|skill|check_in|recognition|adherence|priority|course|incentive_preference)\\.'), 'rep',
                last.4 != '' OR match(last.1, '^sales\\.(visit|care|survey)\\.'), 'account',
                last.6 != '', 'rep',
                last.5 != '', 'team',
                'department'
            ) AS subject_type
        FROM facts
        WHERE type = 'sales.cadence.set.v1'
        GROUP BY cadence
        HAVING last.2 > 0
    ),
    owed AS
    (
        SELECT
            settled.cadence AS cadence,
            settled.subject_type AS subject_type,
            last,
            last.1 AS type,
            arrayFilter(
                one -> settled.subject_type = 'account' AND last.4 IN ('', one.2)
                    OR settled.subject_type = 'rep' AND last.5 IN ('', one.3.1) AND last.6 IN ('', one.3.2),
                listed.subjects
            ) AS those,
            arrayJoin(multiIf(
                settled.subject_type = 'team', [(last.5, toDate32('1900-01-01'), true)],
                settled.subject_type = 'department', [('', toDate32('1900-01-01'), true)],
                empty(those), [('', toDate32('1900-01-01'), false)],
                arrayMap(one -> (one.1, one.4, true), those)
            )) AS subject,
            subject.1 AS name,
            greatest(last.7, subject.2) AS since,
            subject.3 AS somebody
        FROM settled
        LEFT JOIN
        (
            SELECT subject_type, groupArray((name, segment, standing, since)) AS subjects
            FROM
            (
                SELECT
                    'rep' AS subject_type,
                    rep AS name,
                    '' AS segment,
                    argMax((team, role), memberships.valid_from) AS standing,
                    local_day(min(memberships.valid_from)) AS since
                FROM memberships
                GROUP BY rep
                HAVING argMax(ifNull(valid_to > as_of(), true), memberships.valid_from)
                UNION ALL
                SELECT
                    'account',
                    account,
                    argMax(account_segments.segment, account_segments.valid_from),
                    ('', ''),
                    local_day(min(account_segments.valid_from))
                FROM account_segments
                GROUP BY account
            )
            GROUP BY subject_type
        ) AS listed ON listed.subject_type = settled.subject_type
    ),
    done AS
    (
        SELECT
            type AS fulfilled_by,
            kind.1 AS subject_type,
            kind.2 AS name,
            count() AS times_done,
            max(local_day(time)) AS last_done
        FROM facts
        ARRAY JOIN [('account', account), ('rep', rep), ('team', ifNull(facts.team, '')), ('department', '')] AS kind
        WHERE type IN (SELECT assumeNotNull(facts.fulfilled_by) FROM facts WHERE type = 'sales.cadence.set.v1')
            AND (kind.2 != '' OR kind.1 = 'department')
        GROUP BY fulfilled_by, subject_type, name
    )
SELECT
    cadence,
    last.1 AS fulfilled_by,
    subject_type,
    name,
    last.2 AS interval_count,
    last.3 AS interval_unit,
    times_done,
    if(times_done > 0, done_on, NULL) AS last_done,
    if(
        NOT somebody OR match(last.1, '^sales\\.(call|email|purchase|pipeline|signal)\\.|^sales\\.deal\\.(opened|stage_changed|amount_changed|won|lost)\\.|^sales\\.quota\\.(set|revised)\\.'),
        NULL,
        greatest(since, multiIf(
            last.3 = 'day', from_day + last.2,
            last.3 = 'week', from_day + 7 * last.2,
            addMonths(from_day, last.2 * multiIf(last.3 = 'month', 1, last.3 = 'quarter', 3, 12))
        ))
    ) AS due_on,
    if(due_on < today, dateDiff('day', due_on, today), NULL) AS days_overdue,
    multiIf(NOT somebody, 'nobody', due_on IS NULL, 'unseen', due_on < today, 'overdue', due_on = today, 'due', times_done > 0, 'done', 'pending') AS state
FROM
(
    SELECT
        owed.cadence AS cadence,
        owed.last AS last,
        owed.subject_type AS subject_type,
        owed.name AS name,
        owed.since AS since,
        owed.somebody AS somebody,
        done.times_done AS times_done,
        done.last_done AS done_on,
        local_day(as_of()) AS today,
        if(times_done > 0, done_on, since) AS from_day
    FROM owed
    LEFT JOIN done ON done.fulfilled_by = owed.type AND done.subject_type = owed.subject_type AND done.name = owed.name
)
ORDER BY days_overdue DESC, cadence, subject_type, name
