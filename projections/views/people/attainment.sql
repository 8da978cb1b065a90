-- Quota attainment of a rep, a team, a manager, a territory or the whole force, by any period.
--
-- Each quota is spread evenly over its days, and each day belongs to who the rep belonged to on it: a rep
-- who moves in the middle of a quarter brings the days left, and what is won on them, to the new team. A
-- deal whose credit was split counts for each rep by the share. Attainment is actual over quota, as asked
-- for the whole of the period and reached so far; pace is actual over what a straight line would have
-- reached by now, which knows no season. Quotas for different kinds of period (`quota_period`: month,
-- quarter, year …) do not mix. Reps without a quota, and what was done on days without one, are not in it;
-- `quota_days` has the days. A day or a week of a quota set by the quarter is a ninetieth of it: only
-- where sales are many does that say anything of a rep.
--
-- * slice: value of the dimension asked for, empty where none is, or where the rep belonged to none
-- * period: first day of the period, NULL where none is asked for
-- * measure: what is counted against the quotas
-- * quota_period: kind of the periods the quotas are set for
-- * currency: currency of quota and actual, empty for counts
-- * reps: reps with a quota
-- * quota: sum of their quotas' days
-- * actual: what they reached on those days
-- * attainment: actual over quota, NULL where the quota is 0
-- * gap: quota less actual, negative where it is exceeded
-- * expected_by_now: quota of the days that have begun
-- * pace: actual over expected_by_now, NULL where that is 0
-- * reps_reached: reps whose own actual is their own quota or more
-- * reached: reps_reached over reps
-- * reached_low: lower end of its 95 % interval
-- * reached_high: upper end of its 95 % interval
-- * mature: 1 where all days are over, else 0: it can still grow
--
-- key: slice, period, measure, quota_period, currency
-- formula: Wilson score interval (E. B. Wilson, JASA 22, 1927, 209-212)
-- why: type IN ('sales.quota.set.v1', 'sales.quota.revised.v1')
--         AND ifNull(measure, 'won_amount') = row.measure AND ifNull(currency, '') = row.currency
--         AND actor IN
--         (
--             SELECT rep FROM sliced(quota_days, rep = rep, day = day)
--             WHERE slice = row.slice AND isNotDistinctFrom(period, row.period)
--         )
--     OR row.measure IN ('won_amount', 'wins') AND startsWith(type, 'sales.deal.') AND deal IN
--         (
--             SELECT deal FROM deals
--             WHERE status = 'won' AND (row.currency = '' OR deals.currency = row.currency)
--             AND ifNull(period_of(local_day(assumeNotNull(closed_at)), NULL) = row.period, row.period IS NULL)
--         )
--     OR (actor, toDate32(time)) IN
--         (
--             SELECT rep, day FROM sliced(quota_days, rep = rep, day = day)
--             WHERE slice = row.slice AND isNotDistinctFrom(period, row.period)
--             AND measure = row.measure AND currency = row.currency
--         )
--     AND (
--         row.measure IN ('purchase_amount', 'purchases') AND type = 'sales.purchase.made.v1'
--         AND (row.currency = '' OR currency = row.currency)
--         OR row.measure = 'activities'
--         AND match(type, '^sales\\.(call|email\\.sent|meeting|demo|visit|note|presentation|proposal)\\.')
--     )
WITH of_reps AS
(
    SELECT
        slice,
        period,
        measure,
        quota_period,
        currency,
        rep,
        sum(told.quota) AS quota,
        sum(told.actual) AS actual,
        sumIf(told.quota, day <= local_day(as_of())) AS expected,
        max(day) AS last_day
    FROM sliced(quota_days, rep = rep, day = day) AS told
    GROUP BY slice, period, measure, quota_period, currency, rep
)
SELECT
    slice,
    period,
    measure,
    quota_period,
    currency,
    count() AS reps,
    sum(of_reps.quota) AS quota,
    sum(of_reps.actual) AS actual,
    rate_of(actual, quota) AS attainment,
    quota - actual AS gap,
    sum(expected) AS expected_by_now,
    rate_of(actual, expected_by_now) AS pace,
    countIf(of_reps.actual >= of_reps.quota) AS reps_reached,
    rate_of(reps_reached, reps) AS reached,
    wilson_low(reps_reached, reps) AS reached_low,
    wilson_high(reps_reached, reps) AS reached_high,
    max(last_day) < local_day(addMicroseconds(as_of(), 1)) AS mature
FROM of_reps
GROUP BY slice, period, measure, quota_period, currency
ORDER BY measure, quota_period, currency, period, slice
