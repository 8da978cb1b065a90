-- How hand-offs of leads went: how many were accepted, how fast, and what became of the leads.
--
-- A hand-off counts when it was made, for who made it. Of those accepted, converted and won are counted
-- for the lead, whoever has it now; a lead handed off twice counts twice. Waiting hand-offs count as
-- not accepted yet, so that a young row looks worse than it is: the share of those that were answered
-- stands beside.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period the hand-offs were made in, NULL where none is asked for
-- * role: role the leads were passed to, empty where unknown
-- * hand_offs: hand-offs made
-- * accepted: those accepted
-- * returned: those returned
-- * waiting: those not answered
-- * acceptance: accepted over answered
-- * acceptance_low: lower end of its 95 % interval
-- * acceptance_high: upper end of its 95 % interval
-- * median_lag_hours: median time to the answer, hours on the clock, NULL below five
-- * p90_lag_hours: 90th percentile of the same, NULL below five
-- * converted: accepted ones whose lead converted
-- * conversion: converted over accepted
-- * conversion_low: lower end of its 95 % interval
-- * conversion_high: upper end of its 95 % interval
-- * won: accepted ones whose lead led to a deal that was won
--
-- key: slice, period, role
-- formula: Wilson score interval (E. B. Wilson, JASA 22, 1927, 209-212)
-- why: lead IN
--     (
--         SELECT lead FROM sliced(hand_offs, rep = rep, at = handed_off_at)
--         WHERE slice = row.slice AND isNotDistinctFrom(period, row.period) AND role = row.role
--     )
--     OR startsWith(type, 'sales.deal.') AND deal IN
--     (
--         SELECT deal FROM leads WHERE lead IN
--         (
--             SELECT lead FROM sliced(hand_offs, rep = rep, at = handed_off_at)
--             WHERE slice = row.slice AND isNotDistinctFrom(period, row.period) AND role = row.role
--         )
--     )
SELECT
    slice,
    period,
    role,
    count() AS hand_offs,
    countIf(answer = 'accepted') AS accepted,
    countIf(answer = 'returned') AS returned,
    countIf(answer = 'waiting') AS waiting,
    rate_of(accepted, accepted + returned) AS acceptance,
    wilson_low(accepted, accepted + returned) AS acceptance_low,
    wilson_high(accepted, accepted + returned) AS acceptance_high,
    median_of(groupArrayIf(assumeNotNull(lag_hours), lag_hours IS NOT NULL)) AS median_lag_hours,
    p90_of(groupArrayIf(assumeNotNull(lag_hours), lag_hours IS NOT NULL)) AS p90_lag_hours,
    countIf(answer = 'accepted' AND ended.converted_at IS NOT NULL) AS converted,
    rate_of(converted, accepted) AS conversion,
    wilson_low(converted, accepted) AS conversion_low,
    wilson_high(converted, accepted) AS conversion_high,
    countIf(answer = 'accepted' AND ended.won_at IS NOT NULL) AS won
FROM sliced(hand_offs, rep = rep, at = handed_off_at) AS passed
LEFT JOIN (SELECT lead, converted_at, won_at FROM leads) AS ended ON ended.lead = passed.lead
GROUP BY slice, period, role
ORDER BY period, slice, hand_offs DESC, role
