-- Whether deals that are closed by a rep with much open are won as often as those of one with little.
--
-- The load of a closed deal is how many deals its owner, as of now, had open at the end of the day it
-- was closed on (`load_days`). The median load of all deals closed in the period, in all slices, splits
-- them: light is the median or less, heavy is more. The difference is the win rate under a heavy load
-- less that under a light one, so below 0 where a heavy load goes with fewer wins. A period with fewer
-- than five closed deals has no median and no row.
--
-- It shows what goes together, not that the load did it. Over the whole force it compares busy reps with
-- idle ones, who also differ in skill and in what they sell; `--by rep` compares the days of one rep. A
-- rep who clears up by closing hopeless deals makes the day look light and lost; who closes little keeps
-- much open. Of twenty rows that hide nothing, one is distinguishable by chance.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period the deals were closed in, NULL where none is asked for
-- * median_load: deals open of the owner, median of all deals closed in the period
-- * light_closed: deals won or lost under a light load
-- * light_won: of them won
-- * light_rate: light_won over light_closed
-- * light_low: lower end of its 95 % interval
-- * light_high: upper end of its 95 % interval
-- * heavy_closed: deals won or lost under a heavy load
-- * heavy_won: of them won
-- * heavy_rate: heavy_won over heavy_closed
-- * heavy_low: lower end of its 95 % interval
-- * heavy_high: upper end of its 95 % interval
-- * difference: heavy_rate less light_rate
-- * difference_low: lower end of its 95 % interval
-- * difference_high: upper end of its 95 % interval
-- * distinguishable: 1 where the difference is more than chance, else 0
-- * mature: 1 where the period is over, else 0
--
-- key: slice, period
-- formula: Wilson score interval (E. B. Wilson, JASA 22, 1927, 209-212); interval of the difference:
--     R. G. Newcombe, Statistics in Medicine 17, 1998, 873-890, method 10
-- why: startsWith(type, 'sales.deal.') AND deal IN
--     (
--         SELECT deal FROM deals WHERE owner IN
--             (SELECT rep FROM sliced(load_days, rep = rep, day = day) WHERE closed > 0 AND isNotDistinctFrom(period, row.period))
--     )
WITH
    split AS
    (
        SELECT
            d.1 AS slice,
            period,
            median_load,
            sumIf(d.3, d.2 <= median_load) AS light_closed,
            sumIf(d.4, d.2 <= median_load) AS light_won,
            sumIf(d.3, d.2 > median_load) AS heavy_closed,
            sumIf(d.4, d.2 > median_load) AS heavy_won
        FROM
        (
            SELECT
                period,
                groupArray((slice, open_deals, closed, won)) AS told,
                quantileExactWeighted(0.5)(open_deals, closed) AS median_load
            FROM sliced(load_days, rep = rep, day = day)
            WHERE closed > 0
            GROUP BY period
            HAVING enough(sum(closed))
        )
        ARRAY JOIN told AS d
        GROUP BY slice, period, median_load
    ),
    rated AS
    (
        SELECT
            *,
            rate_of(light_won, light_closed) AS light_rate,
            wilson_low(light_won, light_closed) AS light_low,
            wilson_high(light_won, light_closed) AS light_high,
            rate_of(heavy_won, heavy_closed) AS heavy_rate,
            wilson_low(heavy_won, heavy_closed) AS heavy_low,
            wilson_high(heavy_won, heavy_closed) AS heavy_high
        FROM split
    ),
    compared AS
    (
        SELECT
            *,
            difference_low(heavy_rate, heavy_low, heavy_high, light_rate, light_low, light_high) AS difference_low,
            difference_high(heavy_rate, heavy_low, heavy_high, light_rate, light_low, light_high) AS difference_high
        FROM rated
    )
SELECT
    slice,
    period,
    median_load,
    light_closed,
    light_won,
    light_rate,
    light_low,
    light_high,
    heavy_closed,
    heavy_won,
    heavy_rate,
    heavy_low,
    heavy_high,
    heavy_rate - light_rate AS difference,
    difference_low,
    difference_high,
    distinguishable(difference_low, difference_high) AS distinguishable,
    ifNull(periods_after(period, 1, 'day') <= local_day(addMicroseconds(as_of(), 1)), true) AS mature
FROM compared
ORDER BY period, slice
