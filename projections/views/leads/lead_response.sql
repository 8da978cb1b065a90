-- How long leads wait for the first conversation with a person, and what came before it.
--
-- Times are hours on the clock, nights and weekends too, from coming in to the conversation; those who
-- still wait are counted and not in the times, so that the times of a young row look better than they
-- are. Touches are those before the conversation, of leads that had one. The share of the journey is
-- the time before the conversation over the time until the lead converted, of leads that did both.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period the leads came in, NULL where none is asked for
-- * source: where the leads come from, empty where unknown
-- * leads: leads that came in
-- * contacted: those that were talked to
-- * untouched: those nothing was done about
-- * median_hours: median time to the conversation, NULL below five
-- * p90_hours: 90th percentile of the same, NULL below five
-- * within_a_day: talked to within 24 hours
-- * within_a_day_share: within_a_day over leads
-- * within_a_day_low: lower end of its 95 % interval
-- * within_a_day_high: upper end of its 95 % interval
-- * buyer_touches: touches by buyers before the conversation, average
-- * our_touches: touches by the department before the conversation, average
-- * journeys: leads that were talked to and converted
-- * journey_before: median share of the journey before the conversation, NULL below five
--
-- key: slice, period, source
-- formula: Wilson score interval (E. B. Wilson, JASA 22, 1927, 209-212)
-- why: lead IN
--     (
--         SELECT lead FROM sliced(leads, rep = rep, product = product, at = came_at)
--         WHERE slice = row.slice AND isNotDistinctFrom(period, row.period) AND source = row.source
--     )
WITH timed AS
(
    SELECT
        *,
        dateDiff('second', came_at, contacted_at) / 3600 AS hours,
        dateDiff('second', came_at, converted_at) / 3600 AS journey_hours
    FROM sliced(leads, rep = rep, product = product, at = came_at)
)
SELECT
    slice,
    period,
    source,
    count() AS leads,
    countIf(contacted_at IS NOT NULL) AS contacted,
    countIf(touched_at IS NULL) AS untouched,
    median_of(groupArrayIf(assumeNotNull(hours), hours IS NOT NULL)) AS median_hours,
    p90_of(groupArrayIf(assumeNotNull(hours), hours IS NOT NULL)) AS p90_hours,
    countIf(hours <= 24) AS within_a_day,
    rate_of(within_a_day, leads) AS within_a_day_share,
    wilson_low(within_a_day, leads) AS within_a_day_low,
    wilson_high(within_a_day, leads) AS within_a_day_high,
    avgOrNullIf(timed.buyer_touches, contacted_at IS NOT NULL) AS buyer_touches,
    avgOrNullIf(timed.our_touches, contacted_at IS NOT NULL) AS our_touches,
    countIf(hours IS NOT NULL AND journey_hours > 0) AS journeys,
    median_of(groupArrayIf(least(1., assumeNotNull(hours) / assumeNotNull(journey_hours)), hours IS NOT NULL AND journey_hours > 0)) AS journey_before
FROM timed
GROUP BY slice, period, source
ORDER BY period, slice, leads DESC, source
