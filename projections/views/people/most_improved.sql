-- Who does better than in the period before, by how much, and whether anybody praised it.
--
-- Each rep is compared with nobody but the rep's own period before, so that who improves is seen below the
-- goal as well. Wins are those of the deals a rep owns, on the day they closed; deals opened, activities and
-- purchases are those of `rep_days`, on their day of UTC. Better is any rise, improved one that chance alone
-- does not explain, on the assumption that both periods have as many chances: of twenty who do as before
-- one looks improved or worsened. It knows neither seasons nor absence. Without periods it goes by
-- quarters. The period that is not over is left out, and so is a rep's first, that has none before it.
--
-- * slice: value of the dimension asked for, on the period's first day; empty where none is
-- * period: first day of the period, NULL where none is asked for
-- * rep: sales rep
-- * starts: first day of the period, a quarter where none is asked for
-- * measure: wins, deals_opened, activities or purchases
-- * before: number in the period before
-- * now: number in the period
-- * ratio: now over before, NULL where there was nothing before
-- * ratio_low: lower end of its 95 % interval
-- * ratio_high: upper end of it, NULL where it has none
-- * better: 1 where now is above before
-- * improved: 1 where the interval lies above 1
-- * worsened: 1 where the interval lies below 1
-- * quota: what the days of the period ask for, of all quotas on the measure; NULL where there is none
-- * attainment: what was reached on them over quota, NULL where there is none
-- * recognitions: how often the rep was praised or honoured in the period
--
-- key: slice, period, rep, starts, measure
-- formula: the share of now in both together is binomial where both come at the same rate (Przyborowski and
--     Wilenski, Biometrika 31, 1940, 313-323); its interval by Wilson, JASA 22, 1927, 209-212
-- why: actor = row.rep OR startsWith(type, 'sales.deal.') AND deal IN
--     (
--         SELECT deal FROM deals WHERE status = 'won' AND owner = row.rep
--         UNION ALL
--         SELECT deal FROM facts WHERE type = 'sales.deal.credit_split.v1' AND position(ifNull(credits, ''), row.rep) > 0
--     )
WITH
    of_measures AS
    (
        SELECT
            rep,
            measure,
            sumMap(map(toInt32(begins), number)) AS numbers,
            arrayMap(day -> toDate32(day), mapKeys(numbers)) AS told,
            min(min(begins)) OVER (PARTITION BY rep) AS first
        FROM
        (
            SELECT rep, period_of(day, 'quarter') AS begins, fact.1 AS measure, fact.2 AS number
            FROM
            (
                SELECT owner AS rep, local_day(assumeNotNull(closed_at)) AS day, [('wins', toUInt64(1))] AS counted
                FROM deals
                WHERE status = 'won'
                UNION ALL
                SELECT rep_days.rep AS rep, day, [('deals_opened', deals_opened), ('activities', activities), ('purchases', purchases)] AS counted
                FROM rep_days
            )
            ARRAY JOIN counted AS fact
            WHERE rep != '' AND fact.2 > 0
        )
        GROUP BY rep, measure
    ),
    compared AS
    (
        SELECT
            rep,
            measure,
            arrayJoin(arrayFilter(
                day -> day > first AND periods_after(day, 1, 'quarter') <= local_day(addMicroseconds(as_of(), 1)),
                arrayDistinct(arrayConcat(told, arrayMap(one -> periods_after(one, 1, 'quarter'), told)))
            )) AS starts,
            numbers[toInt32(periods_after(starts, -1, 'quarter'))] AS before,
            numbers[toInt32(starts)] AS now,
            wilson_low(now, before + now) AS share_low,
            wilson_high(now, before + now) AS share_high
        FROM of_measures
    ),
    goals AS
    (
        SELECT rep, measure, period_of(day, 'quarter') AS starts, sum(quota_days.quota) AS quota, sum(quota_days.actual) AS actual
        FROM quota_days
        WHERE measure IN ('wins', 'activities', 'purchases')
        GROUP BY rep, measure, starts
    ),
    praise AS
    (
        SELECT facts.rep AS rep, period_of(local_day(time), 'quarter') AS starts, count() AS number
        FROM facts
        WHERE type = 'sales.recognition.given.v1'
        GROUP BY rep, starts
    )
SELECT
    slice,
    period,
    compared.rep AS rep,
    compared.starts AS starts,
    compared.measure AS measure,
    before,
    now,
    now / nullIf(before, 0) AS ratio,
    share_low / (1 - share_low) AS ratio_low,
    share_high / nullIf(1 - share_high, 0) AS ratio_high,
    now > before AS better,
    ifNull(ratio_low > 1, false) AS improved,
    ifNull(share_high < 0.5, false) AS worsened,
    if(goals.rep = '', NULL, goals.quota) AS quota,
    if(goals.rep = '', NULL, rate_of(goals.actual, goals.quota)) AS attainment,
    praise.number AS recognitions
FROM sliced(compared, rep = rep, day = starts) AS compared
LEFT ANY JOIN goals ON goals.rep = compared.rep AND goals.measure = compared.measure AND goals.starts = compared.starts
LEFT ANY JOIN praise ON praise.rep = compared.rep AND praise.starts = compared.starts
ORDER BY starts, improved DESC, ratio_low DESC, rep, measure
