-- How long after it happened the tape learnt what each source tells, and whose clocks run ahead.
--
-- The lag of an event is from its time, after correction, to when the tape learnt it first. Ahead is
-- what happened after the tape had learnt it: a clock of the source is wrong, or it told a time to come.
-- Late is what came more than a day after. What is imported is late by its nature. Only events of the
-- types that `facts` keeps are counted, which leaves out calls, emails, purchases and the steps of
-- deals: the clock of a source is the same for them. Records in conflict are in `conflicts`, those that
-- are no events in `dead_letters`. It counts all there are, no sample, so there is no interval.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period the tape learnt of them in, NULL where none is asked for
-- * source: where the events come from
-- * events: events
-- * last_time: when the last of them happened
-- * last_recorded: when the tape learnt the last of them
-- * ahead: those dated later than the tape learnt them
-- * most_ahead_seconds: by how much, at most, seconds; NULL where none is
-- * late: those that came more than a day after they happened
-- * median_lag_hours: median time until the tape learnt them, hours, NULL below five
-- * p90_lag_hours: 90th percentile of the same, NULL below five
--
-- key: slice, period, source
-- why: (source, id) IN
--     (
--         SELECT source, id FROM sliced(facts, rep = rep, at = recorded_at)
--         WHERE slice = row.slice AND isNotDistinctFrom(period, row.period) AND source = row.source
--     )
-- explains: events, last_time
SELECT
    slice,
    period,
    source,
    count() AS events,
    max(time) AS last_time,
    max(recorded_at) AS last_recorded,
    countIf(lag < 0) AS ahead,
    if(ahead > 0, -min(lag), NULL) AS most_ahead_seconds,
    countIf(lag > 86400) AS late,
    if(enough(events), quantileExactInclusive(0.5)(lag) / 3600, NULL) AS median_lag_hours,
    if(enough(events), quantileExactInclusive(0.9)(lag) / 3600, NULL) AS p90_lag_hours
FROM
(
    SELECT *, (toUnixTimestamp64Micro(recorded_at) - toUnixTimestamp64Micro(time)) / 1000000 AS lag
    FROM sliced(facts, rep = rep, at = recorded_at)
)
GROUP BY slice, period, source
ORDER BY period, slice, source
