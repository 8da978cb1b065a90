-- Of the customers who first bought in a month, how many bought again in the 1st, 2nd, … month after.
--
-- A customer belongs to the cohort of the month of the first purchase, or of the day, week, quarter or
-- year where such periods are asked for. Retained in period n is who bought on a later day that lies in
-- the n-th period after the cohort's; who did not may be back in the next one, so a rate may rise. The
-- first 36 periods after are told. As long as a period is not over its rate can only rise: it is marked
-- immature and has none. Purchases that were given back count as bought. Later purchases lie on their
-- day of UTC. It does not say why customers stay, nor what they spent.
--
-- * slice: value of the dimension asked for, empty where none is; a segment is that of the first purchase
-- * period: first day of the cohort's period, NULL where none is asked for
-- * cohort: first day of the period of the first purchase
-- * number: which period after the cohort's it is, from 1
-- * customers: customers of the cohort
-- * retained: those of them who bought in that period
-- * retention: retained over customers, NULL before the period is over
-- * retention_low: lower end of its 95 % interval
-- * retention_high: upper end of its 95 % interval
-- * mature: 1 where the period is over, else 0
--
-- key: slice, period, cohort, number
-- formula: Wilson score interval (E. B. Wilson, JASA 22, 1927, 209-212)
-- why: type = 'sales.purchase.made.v1' AND account IN
--     (
--         SELECT account
--         FROM sliced((SELECT * FROM accounts WHERE accounts.purchases > 0), account = account, at = assumeNotNull(first_purchase_at))
--         WHERE slice = row.slice AND isNotDistinctFrom(period, row.period)
--             AND ifNull(period, first_day(local_day(assumeNotNull(first_purchase_at)), 'month')) = row.cohort
--     )
WITH
    -- A period is told by how many days or months after the cohort's first day a day lies.
    multiIf(period() = 'week', 7, period() = 'quarter', 3, period() = 'year', 12, 1) AS step,
    day -> if(period() IN ('day', 'week'), toInt32(day), toYear(day) * 12 + toMonth(day)) AS place,
    bought AS
    (
        SELECT
            slice,
            period,
            ifNull(period, first_day(local_day(assumeNotNull(first_purchase_at)), 'month')) AS cohort,
            place(cohort) AS begun,
            least(36, intDiv(place(local_day(as_of())) - begun, step)) AS periods,
            arrayMap(day -> intDiv(place(day) - begun, step), arrayPopFront(purchase_days)) AS later,
            arrayMap(number -> has(later, number), range(1, periods + 1)) AS again
        FROM sliced((SELECT * FROM accounts WHERE accounts.purchases > 0), account = account, at = assumeNotNull(first_purchase_at))
    ),
    counted AS
    (
        SELECT
            slice,
            period,
            cohort,
            count() AS customers,
            sumForEach(again) AS retained_in,
            intDiv(place(local_day(addMicroseconds(as_of(), 1))) - any(begun), step) AS begins
        FROM bought
        GROUP BY slice, period, cohort
    )
SELECT
    slice,
    period,
    cohort,
    number,
    customers,
    retained,
    if(mature, rate_of(retained, customers), NULL) AS retention,
    if(mature, wilson_low(retained, customers), NULL) AS retention_low,
    if(mature, wilson_high(retained, customers), NULL) AS retention_high,
    number < begins AS mature
FROM counted
ARRAY JOIN retained_in AS retained, arrayEnumerate(retained_in) AS number
ORDER BY slice, cohort, number
