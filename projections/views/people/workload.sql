-- How much reps have on their hands, on an average day, and how the deals closed meanwhile ended.
--
-- Open deals, tasks and projects are means over the days of the reps, as `load_days` has them: what is
-- open at the end of a day, weighed by how long it is, days off too. So they are per rep, however many
-- reps a slice has and whatever the length of the period; each day belongs to who the rep belonged to
-- on it. Hours are those that were told, which is seldom all. Deals count on the day they were closed
-- last, for who owns them now. It counts things, not how hard they are, and does not say that the load
-- made the win rate: see `workload_effect`.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period, NULL where none is asked for
-- * reps: reps with a day in it
-- * days: their days, added up
-- * open_deals: mean deals open of a rep
-- * most_open_deals: most deals that one rep had open on one of the days
-- * open_tasks: mean tasks open of a rep
-- * projects: mean projects running of a rep
-- * hours: hours told as spent
-- * closed: deals won or lost
-- * won: deals won
-- * win_rate: won over closed
-- * win_rate_low: lower end of its 95 % interval
-- * win_rate_high: upper end of its 95 % interval
-- * mature: 1 where the period is over, else 0
--
-- key: slice, period
-- formula: Wilson score interval (E. B. Wilson, JASA 22, 1927, 209-212)
-- why: startsWith(type, 'sales.deal.') AND deal IN
--         (
--             SELECT deal FROM deals WHERE owner IN
--                 (SELECT rep FROM sliced(load_days, rep = rep, day = day) WHERE slice = row.slice AND isNotDistinctFrom(period, row.period))
--         )
--     OR type IN ('sales.task.scheduled.v1', 'sales.task.done.v1', 'sales.task.cancelled.v1') AND task IN
--         (
--             SELECT task FROM facts WHERE type = 'sales.task.scheduled.v1' AND rep IN
--                 (SELECT rep FROM sliced(load_days, rep = rep, day = day) WHERE slice = row.slice AND isNotDistinctFrom(period, row.period))
--         )
--     OR type IN ('sales.project.started.v1', 'sales.project.ended.v1', 'sales.time.spent.v1') AND actor IN
--         (SELECT rep FROM sliced(load_days, rep = rep, day = day) WHERE slice = row.slice AND isNotDistinctFrom(period, row.period))
SELECT
    slice,
    period,
    uniqExact(rep) AS reps,
    count() AS days,
    avg(told.open_deals) AS open_deals,
    max(told.open_deals) AS most_open_deals,
    avg(told.open_tasks) AS open_tasks,
    avg(told.projects) AS projects,
    sum(told.seconds) / 3600 AS hours,
    sum(told.closed) AS closed,
    sum(told.won) AS won,
    rate_of(won, closed) AS win_rate,
    wilson_low(won, closed) AS win_rate_low,
    wilson_high(won, closed) AS win_rate_high,
    ifNull(periods_after(period, 1, 'day') <= local_day(addMicroseconds(as_of(), 1)), true) AS mature
FROM sliced(load_days, rep = rep, day = day) AS told
GROUP BY slice, period
ORDER BY period, slice
