-- Which reps miss their quota again and again, whether that is more than chance, and what was found out.
--
-- A period is missed where less than the quota was reached (`quota_attainment`); periods count once they are
-- over, in their order, and those without a quota, or with one of 0, are passed over. The streak is how
-- many of the last were missed in a row. The others are all reps with a quota of the same measure, kind of
-- period and currency. By chance is how likely so many in a row are for somebody who misses as often as
-- the others do, if periods did not hang together; `expected` is how many of these reps would. Where half
-- of all quotas are missed, one rep in eight misses three in a row by chance. Quotas that nearly all miss
-- say something of the quotas. The cause is the one told last since the streak began; there is none where
-- nobody looked. It does not say by how much a quota was missed.
--
-- * rep: sales rep
-- * measure: what is counted against the quota
-- * quota_period: kind of the quotas' periods
-- * currency: currency of the quotas, empty for counts
-- * periods: periods with a quota that are over
-- * missed: of them those missed
-- * rate: missed over periods
-- * rate_low: lower end of its 95 % interval
-- * rate_high: upper end of its 95 % interval
-- * others_periods: such periods of the others
-- * others_rate: share of them that were missed, NULL where there are none
-- * others_rate_low: lower end of its 95 % interval
-- * others_rate_high: upper end of its 95 % interval
-- * difference: rate less others_rate
-- * difference_low: lower end of its 95 % interval
-- * difference_high: upper end of its 95 % interval
-- * distinguishable: 1 where the difference is more than chance, else 0
-- * streak: last periods missed in a row
-- * since: first day of the first of them, NULL where there is none
-- * longest: most periods ever missed in a row
-- * by_chance: how likely the streak is at the rate of the others, NULL where there is none
-- * expected: by_chance times the reps with such quotas
-- * cause: why the rep stays behind, as told last since then, empty where nobody did
-- * remedy: what is to be done about it, empty where nothing was told
-- * explained_at: when that was told, NULL where nobody did
--
-- key: rep, measure, quota_period, currency
-- formula: Wilson score interval (E. B. Wilson, JASA 22, 1927, 209-212); interval of the difference:
--     R. G. Newcombe, Statistics in Medicine 17, 1998, 873-890, method 10
-- why: actor = row.rep AND (
--         type IN ('sales.quota.set.v1', 'sales.quota.revised.v1') AND ifNull(measure, 'won_amount') = row.measure AND ifNull(currency, '') = row.currency
--         OR type = 'sales.shortfall.explained.v1'
--         OR row.measure IN ('purchase_amount', 'purchases') AND type = 'sales.purchase.made.v1'
--         OR row.measure = 'activities'
--         AND match(type, '^sales\\.(call|email\\.sent|meeting|demo|visit|note|presentation|proposal)\\.')
--     )
--     OR row.measure IN ('won_amount', 'wins') AND startsWith(type, 'sales.deal.') AND deal IN (SELECT deal FROM deals WHERE status = 'won' AND owner = row.rep)
-- explains: periods, missed, rate, rate_low, rate_high, streak, longest
WITH
    counted AS
    (
        SELECT
            rep,
            measure,
            quota_period,
            currency,
            arraySort(groupArray((period_start, period_end, ifNull(attainment < 1, false)))) AS past,
            past.3 AS misses,
            -- Cut before each that is missed after one that is not, or the other way round.
            arraySplit((is_missed, before) -> is_missed != before, misses, arrayPushFront(arrayPopBack(misses), misses[1])) AS runs,
            length(past) AS periods,
            arrayCount(misses) AS missed,
            arrayMax(arrayMap(run -> if(run[1], length(run), 0), runs)) AS longest,
            if(misses[-1], length(runs[-1]), 0) AS streak,
            if(streak > 0, toNullable(past[periods - streak + 1].1), NULL) AS since
        FROM
        (
            SELECT reached.*, quotas.quota_period AS quota_period
            FROM quota_attainment AS reached
            INNER ANY JOIN quotas
                ON quotas.rep = reached.rep AND quotas.measure = reached.measure AND quotas.currency = reached.currency
                AND quotas.period_start = reached.period_start AND quotas.period_end = reached.period_end
            WHERE reached.period_end < local_day(addMicroseconds(as_of(), 1)) AND reached.quota > 0
        )
        GROUP BY rep, measure, quota_period, currency
    ),
    beside AS
    (
        SELECT
            *,
            count() OVER all_reps AS reps,
            sum(periods) OVER all_reps - periods AS others_periods,
            sum(missed) OVER all_reps - missed AS others_missed,
            rate_of(missed, periods) AS rate,
            wilson_low(missed, periods) AS rate_low,
            wilson_high(missed, periods) AS rate_high
        FROM counted
        WINDOW all_reps AS (PARTITION BY measure, quota_period, currency)
    ),
    rated AS
    (
        SELECT
            *,
            rate_of(others_missed, others_periods) AS others_rate,
            wilson_low(others_missed, others_periods) AS others_low,
            wilson_high(others_missed, others_periods) AS others_high
        FROM beside
    ),
    compared AS
    (
        SELECT
            *,
            difference_low(rate, rate_low, rate_high, others_rate, others_low, others_high) AS lowest,
            difference_high(rate, rate_low, rate_high, others_rate, others_low, others_high) AS highest
        FROM rated
    ),
    told AS
    (
        SELECT rep, arraySort(groupArray((time, assumeNotNull(facts.cause), ifNull(facts.remedy, '')))) AS explained
        FROM facts
        WHERE type = 'sales.shortfall.explained.v1'
        GROUP BY rep
    ),
    found AS
    (
        SELECT compared.*, arrayLast(one -> ifNull(local_day(one.1) >= since, false), explained) AS finding
        FROM compared
        LEFT ANY JOIN told ON told.rep = compared.rep
    )
SELECT
    rep,
    measure,
    quota_period,
    currency,
    periods,
    missed,
    rate,
    rate_low,
    rate_high,
    others_periods,
    others_rate,
    others_low AS others_rate_low,
    others_high AS others_rate_high,
    rate - others_rate AS difference,
    lowest AS difference_low,
    highest AS difference_high,
    distinguishable(lowest, highest) AS distinguishable,
    streak,
    since,
    longest,
    if(streak = 0, NULL, pow(others_rate, streak)) AS by_chance,
    by_chance * reps AS expected,
    finding.2 AS cause,
    finding.3 AS remedy,
    if(cause = '', NULL, finding.1) AS explained_at
FROM found
ORDER BY measure, quota_period, currency, rep
