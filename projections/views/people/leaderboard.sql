-- Who did how much, and who stands out from the others by more than chance.
--
-- Wins and the amount won are those of the deals a rep owns, on the day they closed; deals opened,
-- activities and purchases are those of `rep_days`, on their day of UTC. Everybody of whom anything is told
-- in the slice and period is on the board, also with nothing. A rank counts only who is certainly better:
-- 1 and the number of reps whose low end lies above this rep's high end. So many may share the first place,
-- and of few deals nearly all do. Who stands out does so against the mean of all others. Of a hundred reps
-- who are all alike about five stand out by chance. It does not know who was away, came late, or has the
-- better territory: `attainment` knows the quota. A period that is not over can still turn.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period, NULL where none is asked for
-- * measure: won_amount, wins, deals_opened, activities or purchases
-- * currency: currency of the amount won, empty for counts
-- * rep: sales rep
-- * value: what the rep reached
-- * value_low: lower end of its 95 % interval, as if it came at random at that rate
-- * value_high: upper end of it; where nothing was won, by the size of the others' deals
-- * rank: 1 and the number of reps who are certainly better
-- * reps: reps on the board
-- * others_mean: what the others reached on average, NULL for a rep alone
-- * difference_low: lower end of the 95 % interval of value less others_mean
-- * difference_high: upper end of it
-- * stands_out: above or below the others where the interval says so, else empty
-- * mature: 1 where the period is over, else 0
--
-- key: slice, period, measure, currency, rep
-- formula: Byar's interval of a Poisson number (Breslow and Day, IARC 82, 1987, p. 69); for money that of
--     as many equal deals as have its variance (after Fay and Feuer, Statistics in Medicine 16, 1997,
--     791-801); the difference by the ends of both (Zou and Donner, Statistics in Medicine 27, 2008,
--     1693-1702)
-- why: row.measure IN ('wins', 'won_amount') AND startsWith(type, 'sales.deal.') AND deal IN
--         (
--             SELECT deal FROM deals
--             WHERE status = 'won' AND owner = row.rep AND (row.currency = '' OR deals.currency = row.currency)
--             AND ifNull(period_of(local_day(assumeNotNull(closed_at)), NULL) = row.period, row.period IS NULL)
--         )
--     OR row.measure NOT IN ('wins', 'won_amount') AND actor = row.rep
--         AND ifNull(period_of(toDate32(time), NULL) = row.period, row.period IS NULL)
--         AND (
--             row.measure = 'deals_opened' AND type = 'sales.deal.opened.v1'
--             OR row.measure = 'purchases' AND type = 'sales.purchase.made.v1'
--             OR row.measure = 'activities'
--             AND match(type, '^sales\\.(call|email\\.sent|meeting|demo|visit|note|presentation|proposal)\\.')
--         )
-- explains: value
WITH
    done AS
    (
        SELECT rep, day, fact.1 AS measure, fact.2 AS currency, fact.3 AS value, fact.4 AS square
        FROM
        (
            SELECT
                owner AS rep,
                local_day(assumeNotNull(closed_at)) AS day,
                [
                    ('won_amount', toString(deals.currency), ifNull(amount, 0), pow(toFloat64(ifNull(amount, 0)), 2)),
                    ('wins', '', toDecimal128(1, 9), 1.)
                ] AS counted
            FROM deals
            WHERE status = 'won'
            UNION ALL
            SELECT
                rep_days.rep AS rep,
                day,
                arrayMap(
                    one -> (one.1, '', toDecimal128(one.2, 9), toFloat64(one.2)),
                    [('deals_opened', deals_opened), ('activities', activities), ('purchases', purchases)]
                ) AS counted
            FROM rep_days
        )
        ARRAY JOIN counted AS fact
        WHERE rep != ''
    ),
    of_reps AS
    (
        SELECT slice, period, rep, measure, currency, sum(told.value) AS value, sum(told.square) AS square
        FROM sliced(done, rep = rep, day = day) AS told
        GROUP BY slice, period, rep, measure, currency
    ),
    boards AS
    (
        SELECT
            slice,
            period,
            arraySort(groupUniqArray(rep)) AS names,
            groupArrayIf((measure, currency, rep, value, square), value > 0) AS all,
            arrayJoin(arrayDistinct(arrayMap(one -> (one.1, one.2), all))) AS kind,
            arrayFilter(one -> (one.1, one.2) = kind, all) AS mine,
            CAST((mine.3, mine.4), 'Map(String, Decimal(38, 9))') AS values,
            CAST((mine.3, mine.5), 'Map(String, Float64)') AS squares,
            arraySum(mine.4) AS total,
            arraySum(mine.5) AS total_squares,
            toFloat64(total) AS total_value,
            -- What one of them is worth, and how many of that worth there are, of each rep.
            arrayMap(
                name -> (name, values[name], if(values[name] > 0, squares[name] / toFloat64(values[name]), total_squares / total_value)),
                names
            ) AS reached,
            arrayMap(one -> toFloat64(one.2) / one.3, reached) AS numbers,
            arrayMap((one, n) -> if(n > 0, one.3 * poisson_low(greatest(n, 1e-9)), 0), reached, numbers) AS lows,
            arrayMap((one, n) -> one.3 * poisson_high(n), reached, numbers) AS highs
        FROM of_reps
        GROUP BY slice, period
    ),
    told_apart AS
    (
        SELECT
            slice,
            period,
            kind.1 AS measure,
            kind.2 AS currency,
            place.1.1 AS rep,
            place.1.2 AS value,
            place.2 AS value_low,
            place.3 AS value_high,
            1 + arrayCount(low -> low > value_high, lows) AS rank,
            length(names) AS reps,
            toFloat64(value) AS own,
            (total_value - own) / nullIf(reps - 1, 0) AS others_mean,
            total_squares - squares[rep] AS others_squares,
            if(total > value, others_squares / (total_value - own), place.1.3) AS unit,
            (total_value - own) / unit AS number,
            if(number > 0, unit * poisson_low(greatest(number, 1e-9)), 0) / nullIf(reps - 1, 0) AS others_low,
            unit * poisson_high(number) / nullIf(reps - 1, 0) AS others_high
        FROM boards
        ARRAY JOIN arrayZip(reached, lows, highs) AS place
    )
SELECT
    slice,
    period,
    measure,
    currency,
    rep,
    value,
    value_low,
    value_high,
    rank,
    reps,
    others_mean,
    difference_low(own, value_low, value_high, others_mean, others_low, others_high) AS difference_low,
    difference_high(own, value_low, value_high, others_mean, others_low, others_high) AS difference_high,
    multiIf(ifNull(difference_low > 0, false), 'above', ifNull(difference_high < 0, false), 'below', '') AS stands_out,
    ifNull(periods_after(period, 1, 'day') <= local_day(addMicroseconds(as_of(), 1)), true) AS mature
FROM told_apart
ORDER BY measure, currency, slice, period, rank, value DESC, rep
