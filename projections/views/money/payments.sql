-- How customers pay: how many payments come late, by how much, how many fail, and whose.
--
-- A payment received counts on its day; it is late where that is after the day it was due, as far as that
-- is told. A try that failed counts as often as it was made. Overdue is how often a payment was told to
-- be overdue, whether it came since or not: what never came is in no median, which so makes payers look
-- better than they are. `credit_risks` has what is still owed.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period, NULL where none is asked for
-- * currency: currency of the amounts
-- * received: payments received
-- * amount: what was paid
-- * with_due: payments received of which it is told when they were due
-- * late: those of them that came after that day
-- * late_rate: late over with_due
-- * late_rate_low: lower end of its 95 % interval
-- * late_rate_high: upper end of its 95 % interval
-- * median_days_late: median days from due to received, negative where early, NULL below five
-- * p90_days_late: 90th percentile of the same, NULL below five
-- * failed: tries that failed
-- * failure_rate: failed over failed and received
-- * failure_rate_low: lower end of its 95 % interval
-- * failure_rate_high: upper end of its 95 % interval
-- * overdue: how often a payment was told to be overdue
-- * refunded: what was paid back
-- * troubled_accounts: accounts with payments that were told late, failed or overdue, those with most such
--     events first, with how many
--
-- key: slice, period, currency
-- formula: Wilson score interval (E. B. Wilson, JASA 22, 1927, 209-212)
-- why: (source, id) IN
--     (
--         SELECT source, id
--         FROM sliced((SELECT source, id, time, rep, account, currency FROM facts WHERE startsWith(type, 'sales.payment.')), rep = rep, account = account, at = time)
--         WHERE slice = row.slice AND isNotDistinctFrom(period, row.period) AND currency = row.currency
--     )
SELECT
    slice,
    period,
    currency,
    countIf(kind = 'received') AS received,
    sumIf(paid, kind = 'received') AS amount,
    count(days_late) AS with_due,
    countIf(ifNull(days_late > 0, false)) AS late,
    rate_of(late, with_due) AS late_rate,
    wilson_low(late, with_due) AS late_rate_low,
    wilson_high(late, with_due) AS late_rate_high,
    median_of(groupArray(days_late)) AS median_days_late,
    p90_of(groupArray(days_late)) AS p90_days_late,
    countIf(kind = 'failed') AS failed,
    rate_of(failed, failed + received) AS failure_rate,
    wilson_low(failed, failed + received) AS failure_rate_low,
    wilson_high(failed, failed + received) AS failure_rate_high,
    countIf(kind = 'overdue') AS overdue,
    sumIf(paid, kind = 'refunded') AS refunded,
    arraySort(told -> (-told.2, told.1), CAST(
        sumMapIf(map(account, 1), account != '' AND (kind IN ('failed', 'overdue') OR ifNull(days_late > 0, false))),
        'Array(Tuple(String, UInt64))'
    )) AS troubled_accounts
FROM sliced(
    (
        SELECT
            time,
            rep,
            account,
            splitByChar('.', type)[3] AS kind,
            assumeNotNull(facts.currency) AS currency,
            assumeNotNull(facts.amount) AS paid,
            if(kind = 'received', toInt32(local_day(time)) - toInt32(facts.due), NULL) AS days_late
        FROM facts
        WHERE startsWith(type, 'sales.payment.')
    ),
    rep = rep,
    account = account,
    at = time
)
GROUP BY slice, period, currency
ORDER BY period, slice, currency
