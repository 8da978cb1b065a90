-- How many leads came in, by kind, source, channel, campaign and direction, and how many converted.
--
-- A lead counts when it came in. Converted is what became a deal or an account, won what led to a deal
-- that was won. A row is mature where no lead of it is undecided (neither converted nor found
-- unlikely) and younger than the time within which nine of ten conversions of the answer came, where there are five; before that
-- its rates can only rise, and must not be read as a fall. Kinds are judged after arrival, by people who
-- also decide what they work on: that qualified leads convert more often says little about judging.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period the leads came in, NULL where none is asked for
-- * what: what the leads are told apart by: all, kind, source, channel, campaign or direction
-- * value: its value, empty where unknown
-- * leads: leads that came in
-- * qualified: those that were ever qualified
-- * converted: those that converted
-- * conversion: converted over leads
-- * conversion_low: lower end of its 95 % interval
-- * conversion_high: upper end of its 95 % interval
-- * won: those that led to a deal that was won
-- * win_rate: won over leads
-- * win_rate_low: lower end of its 95 % interval
-- * win_rate_high: upper end of its 95 % interval
-- * qualified_won: those that were qualified and won
-- * qualified_win_rate: qualified_won over qualified
-- * qualified_win_rate_low: lower end of its 95 % interval
-- * qualified_win_rate_high: upper end of its 95 % interval
-- * undecided: neither converted nor found unlikely
-- * mature: 1 where time enough has gone by, else 0
--
-- key: slice, period, what, value
-- formula: Wilson score interval (E. B. Wilson, JASA 22, 1927, 209-212)
-- why: lead IN
--     (
--         SELECT lead FROM sliced(leads, rep = rep, product = product, at = came_at)
--         WHERE slice = row.slice AND isNotDistinctFrom(period, row.period)
--     )
--     OR startsWith(type, 'sales.deal.') AND deal IN
--     (
--         SELECT deal FROM deal_sources WHERE lead IN
--         (
--             SELECT lead FROM sliced(leads, rep = rep, product = product, at = came_at)
--             WHERE slice = row.slice AND isNotDistinctFrom(period, row.period)
--         )
--     )
-- explains: leads, qualified, converted, conversion, conversion_low, conversion_high, won, win_rate,
--     win_rate_low, win_rate_high, qualified_won, qualified_win_rate, qualified_win_rate_low,
--     qualified_win_rate_high, undecided
WITH
    arrived AS
    (
        SELECT
            *,
            dateDiff('second', came_at, converted_at) AS seconds,
            converted_at IS NULL AND unqualified_at IS NULL AS open,
            if(enough(count(seconds) OVER ()), quantileExactInclusive(0.9)(seconds) OVER (), NULL) AS usual_seconds
        FROM sliced(leads, rep = rep, product = product, at = came_at)
    ),
    counted AS
    (
        SELECT
            slice,
            period,
            cut.1 AS what,
            cut.2 AS value,
            count() AS leads,
            countIf(qualified_at IS NOT NULL) AS qualified,
            countIf(converted_at IS NOT NULL) AS converted,
            countIf(won_at IS NOT NULL) AS won,
            countIf(qualified_at IS NOT NULL AND won_at IS NOT NULL) AS qualified_won,
            countIf(open) AS undecided,
            countIf(open AND ifNull(dateDiff('second', came_at, as_of()) < usual_seconds, 1)) AS young
        FROM arrived
        ARRAY JOIN [('all', ''), ('kind', kind), ('source', source), ('channel', channel), ('campaign', campaign), ('direction', direction)] AS cut
        GROUP BY slice, period, what, value
    )
SELECT
    slice,
    period,
    what,
    value,
    leads,
    qualified,
    converted,
    rate_of(converted, leads) AS conversion,
    wilson_low(converted, leads) AS conversion_low,
    wilson_high(converted, leads) AS conversion_high,
    won,
    rate_of(won, leads) AS win_rate,
    wilson_low(won, leads) AS win_rate_low,
    wilson_high(won, leads) AS win_rate_high,
    qualified_won,
    rate_of(qualified_won, qualified) AS qualified_win_rate,
    wilson_low(qualified_won, qualified) AS qualified_win_rate_low,
    wilson_high(qualified_won, qualified) AS qualified_win_rate_high,
    undecided,
    young = 0 AS mature
FROM counted
ORDER BY period, slice, what, leads DESC, value
