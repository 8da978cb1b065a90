-- Whether leads convert more often: inbound against outbound, nurtured against not, matched by skill
-- against random.
--
-- Leads that came in and are decided, converted or found unlikely, so that young ones change nothing,
-- and how many of them converted. Nurtured is what had a touch of nurturing. The groups are not drawn by
-- lot: that one converts more often may come from who is in it, and a lead that converts at once is
-- never nurtured. Distinguishable is what chance alone does not explain: the 95 % interval of the
-- difference leaves out 0.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period the leads came in, NULL where none is asked for
-- * comparison: what is compared, the first group against the second
-- * leads: leads of the first group
-- * converted: those that converted
-- * conversion: converted over leads
-- * conversion_low: lower end of its 95 % interval
-- * conversion_high: upper end of its 95 % interval
-- * other_leads: leads of the second group
-- * other_converted: those that converted
-- * other_conversion: converted over leads
-- * other_conversion_low: lower end of its 95 % interval
-- * other_conversion_high: upper end of its 95 % interval
-- * difference: conversion less the other
-- * difference_low: lower end of its 95 % interval
-- * difference_high: upper end of its 95 % interval
-- * ratio: conversion over the other, NULL where the other is 0
-- * ratio_low: lower end of its 95 % interval, NULL where nobody converted in a group
-- * ratio_high: upper end of its 95 % interval, NULL where nobody converted in a group
-- * distinguishable: 1 where the two differ by more than chance, else 0
--
-- key: slice, period, comparison
-- formula: Wilson score interval (E. B. Wilson, JASA 22, 1927, 209-212); difference: R. G. Newcombe,
--     Statistics in Medicine 17, 1998, 873-890, method 10; ratio: D. Katz and others, Biometrics 34,
--     1978, 469-474
-- why: lead IN
--     (
--         SELECT lead FROM sliced(leads, rep = rep, product = product, at = came_at)
--         WHERE slice = row.slice AND isNotDistinctFrom(period, row.period)
--     )
WITH
    counted AS
    (
        SELECT
            slice,
            period,
            side.1 AS comparison,
            countIf(side.2 = 1) AS leads,
            countIf(side.2 = 1 AND converted_at IS NOT NULL) AS converted,
            countIf(side.2 = 2) AS other_leads,
            countIf(side.2 = 2 AND converted_at IS NOT NULL) AS other_converted
        FROM sliced(leads, rep = rep, product = product, at = came_at)
        ARRAY JOIN [
            ('inbound against outbound', multiIf(direction = 'inbound', 1, direction = 'outbound', 2, 0)),
            ('nurtured against not', if(nurtures > 0, 1, 2)),
            ('skill match against random', multiIf(rule = 'skill_match', 1, rule = 'random', 2, 0))
        ] AS side
        WHERE converted_at IS NOT NULL OR unqualified_at IS NOT NULL
        GROUP BY slice, period, comparison
    ),
    rated AS
    (
        SELECT
            *,
            rate_of(converted, leads) AS conversion,
            wilson_low(converted, leads) AS conversion_low,
            wilson_high(converted, leads) AS conversion_high,
            rate_of(other_converted, other_leads) AS other_conversion,
            wilson_low(other_converted, other_leads) AS other_conversion_low,
            wilson_high(other_converted, other_leads) AS other_conversion_high,
            sqrt(greatest(0., 1 / nullIf(converted, 0) - 1 / nullIf(leads, 0) + 1 / nullIf(other_converted, 0) - 1 / nullIf(other_leads, 0))) AS spread
        FROM counted
    ),
    compared AS
    (
        SELECT
            *,
            difference_low(conversion, conversion_low, conversion_high, other_conversion, other_conversion_low, other_conversion_high) AS difference_low,
            difference_high(conversion, conversion_low, conversion_high, other_conversion, other_conversion_low, other_conversion_high) AS difference_high,
            conversion / nullIf(other_conversion, 0) AS ratio
        FROM rated
    )
SELECT
    slice,
    period,
    comparison,
    leads,
    converted,
    conversion,
    conversion_low,
    conversion_high,
    other_leads,
    other_converted,
    other_conversion,
    other_conversion_low,
    other_conversion_high,
    conversion - other_conversion AS difference,
    difference_low,
    difference_high,
    ratio,
    exp(log(ratio) - 1.959963984540054 * spread) AS ratio_low,
    exp(log(ratio) + 1.959963984540054 * spread) AS ratio_high,
    distinguishable(difference_low, difference_high) AS distinguishable
FROM compared
ORDER BY period, slice, comparison
