-- How many hires leave within a year, after how long, and what was spent on them until then.
--
-- A hire is one telling that a rep was hired; who is hired again is another hire. The 365 days begin on the
-- day told as the first, else that of joining, else that of hiring. The rate is of hires whose 365 days are
-- over; of the others, those who have left already are told apart, as they would make it too high.
-- Money is that of the early leavers, from hiring on: pay and commission paid, and what was spent in
-- the rep's name on no account, deal, lead or campaign, such as a search or equipment. What the work of others on
-- hiring and training cost is not told, nor what was lost while the seat was empty. Not everybody who
-- leaves was a wrong hire, and not every wrong hire leaves: `dismissed` and `hire_traits` say a little more.
--
-- * slice: value of the dimension asked for, empty where none is; what the rep belonged to on the first day
-- * period: first day of the period the 365 days began in, NULL where none is asked for
-- * currency: currency of the money, empty where none is told
-- * hires: hires whose 365 days are over
-- * left_early: of them those who left in these days
-- * rate: left_early over hires
-- * rate_low: lower end of its 95 % interval
-- * rate_high: upper end of its 95 % interval
-- * dismissed: of left_early those who are told not to have wanted to
-- * median_days: median days from the first day until those of left_early left, NULL below five
-- * waiting: hires whose 365 days are not over
-- * waiting_left: of them those who have left already
-- * leavers: reps of left_early and waiting_left, in order of their names
-- * paid: pay and commission paid to them
-- * spent: money spent on them otherwise
-- * mature: 1 where no hire is waiting, else 0
--
-- key: slice, period, currency
-- formula: Wilson score interval (E. B. Wilson, JASA 22, 1927, 209-212)
-- why: actor IN (SELECT rep FROM facts WHERE type = 'sales.rep.hired.v1') AND (
--         type IN ('sales.rep.hired.v1', 'sales.rep.joined.v1', 'sales.rep.left.v1')
--         OR type IN ('sales.rep.paid.v1', 'sales.commission.paid.v1', 'sales.spend.incurred.v1') AND currency = row.currency
--     )
WITH
    told AS
    (
        SELECT
            rep,
            arraySort(groupArrayIf((time, starts_on), type = 'sales.rep.hired.v1')) AS hirings,
            arraySort(groupArrayIf(time, type = 'sales.rep.joined.v1')) AS joinings,
            arraySort(groupArrayIf((time, voluntary), type = 'sales.rep.left.v1')) AS leavings,
            groupArrayIf(
                (time, toString(assumeNotNull(currency)), assumeNotNull(amount), type = 'sales.spend.incurred.v1'),
                type IN ('sales.rep.paid.v1', 'sales.commission.paid.v1')
                    OR type = 'sales.spend.incurred.v1' AND account = '' AND deal = '' AND facts.lead IS NULL AND campaign IS NULL
            ) AS money
        FROM facts
        WHERE type IN ('sales.rep.hired.v1', 'sales.rep.joined.v1', 'sales.rep.left.v1', 'sales.rep.paid.v1', 'sales.commission.paid.v1', 'sales.spend.incurred.v1') AND rep != ''
        GROUP BY rep
        HAVING notEmpty(hirings)
    ),
    hired AS
    (
        SELECT
            rep,
            hirings[place].1 AS hired_at,
            if(place < length(hirings), hirings[place + 1].1, toDateTime64('2299-12-31', 6, 'UTC')) AS hired_again,
            -- Noon of the day told: on it in any time zone.
            ifNull(addHours(toDateTime64(hirings[place].2, 6, 'UTC'), 12), arrayFirst(at -> at >= hired_at, arrayPushBack(joinings, hired_at))) AS began_at,
            local_day(began_at) AS begins,
            arrayFirst(one -> one.1 >= hired_at, leavings) AS leaving,
            arrayExists(one -> one.1 >= hired_at AND one.1 < hired_again AND local_day(one.1) < begins + 365, leavings) AS leaves,
            begins + 365 <= local_day(addMicroseconds(as_of(), 1)) AS is_over,
            arrayFilter(one -> leaves AND one.1 >= hired_at AND one.1 < hired_again, money) AS cost
        FROM told
        ARRAY JOIN arrayEnumerate(hirings) AS place
        WHERE began_at <= as_of()
    ),
    counted AS
    (
        SELECT
            slice,
            period,
            countIf(is_over) AS hires,
            countIf(is_over AND leaves) AS left_early,
            countIf(is_over AND leaves AND ifNull(NOT leaving.2, false)) AS dismissed,
            groupArrayIf(greatest(dateDiff('day', begins, local_day(leaving.1)), 0), is_over AND leaves) AS days,
            countIf(NOT is_over) AS waiting,
            countIf(NOT is_over AND leaves) AS waiting_left,
            arraySort(groupUniqArrayIf(rep, leaves)) AS leavers,
            arrayFlatten(groupArray(cost)) AS costs,
            arrayJoin(if(empty(costs), [''], arraySort(arrayDistinct(costs.2)))) AS currency
        FROM sliced(hired, rep = rep, at = began_at)
        GROUP BY slice, period
    )
SELECT
    slice,
    period,
    currency,
    hires,
    left_early,
    rate_of(left_early, hires) AS rate,
    wilson_low(left_early, hires) AS rate_low,
    wilson_high(left_early, hires) AS rate_high,
    dismissed,
    median_of(days) AS median_days,
    waiting,
    waiting_left,
    leavers,
    arraySum(one -> if(one.2 = currency AND NOT one.4, one.3, 0), costs) AS paid,
    arraySum(one -> if(one.2 = currency AND one.4, one.3, 0), costs) AS spent,
    waiting = 0 AS mature
FROM counted
ORDER BY period, slice, currency
