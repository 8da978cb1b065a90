-- How fast customers who ask for help are answered, and whether those answered within a day buy again more
-- often.
--
-- A ticket counts when it was opened. The response is its first answer, of a person or a machine, by the
-- clock: nights and weekends count. Bought again is a purchase within 90 days after the day the ticket was
-- opened; it is looked for where the account had bought until that day, once the 90 days are over. Answered
-- within 24 hours is set against later or never. The two are not drawn by lot, and an account that asks
-- twice counts twice, so it shows no cause. Distinguishable is what chance alone does not explain.
--
-- * slice: value of the dimension asked for, empty where none is; the rep is who answered first
-- * period: first day of the period the tickets were opened in, NULL where none is asked for
-- * tickets: tickets opened
-- * answered: those that were answered
-- * within_day: those answered within 24 hours
-- * median_response_hours: median time to the first answer, hours on the clock, NULL below five
-- * p90_response_hours: 90th percentile of the same, NULL below five
-- * escalated: tickets that were escalated
-- * fast: tickets of accounts that had bought, 90 days ago or longer, answered within 24 hours
-- * fast_again: those whose account bought again
-- * fast_rate: fast_again over fast
-- * fast_rate_low: lower end of its 95 % interval
-- * fast_rate_high: upper end of its 95 % interval
-- * slow: the same, answered later or never
-- * slow_again: those whose account bought again
-- * slow_rate: slow_again over slow
-- * slow_rate_low: lower end of its 95 % interval
-- * slow_rate_high: upper end of its 95 % interval
-- * difference: fast_rate less slow_rate
-- * difference_low: lower end of its 95 % interval
-- * difference_high: upper end of its 95 % interval
-- * distinguishable: 1 where the two differ by more than chance, else 0
--
-- key: slice, period
-- formula: Wilson score interval (E. B. Wilson, JASA 22, 1927, 209-212); interval of the difference:
--     R. G. Newcombe, Statistics in Medicine 17, 1998, 873-890, method 10
-- why: startsWith(type, 'sales.ticket.') OR type = 'sales.purchase.made.v1'
--     AND account IN (SELECT account FROM facts WHERE type = 'sales.ticket.opened.v1')
WITH
    asked AS
    (
        SELECT
            tickets.account AS account,
            rep,
            opened_at,
            dateDiff('second', opened_at, answered_at) / 3600 AS hours,
            escalated,
            ifNull(hours <= 24, false) AS fast,
            arrayExists(day -> day <= toDate32(opened_at), purchase_days) AND toDate32(opened_at) + 90 < toDate32(as_of()) AS decided,
            arrayExists(day -> day > toDate32(opened_at) AND day <= toDate32(opened_at) + 90, purchase_days) AS again
        FROM
        (
            SELECT
                max(facts.account) AS account,
                argMinIf(facts.rep, moment, type = 'sales.ticket.answered.v1') AS rep,
                minIf(time, type = 'sales.ticket.opened.v1') AS opened_at,
                minOrNullIf(time, type = 'sales.ticket.answered.v1') AS answered_at,
                countIf(type = 'sales.ticket.escalated.v1') > 0 AS escalated
            FROM facts
            WHERE startsWith(type, 'sales.ticket.')
            GROUP BY facts.ticket
            HAVING countIf(type = 'sales.ticket.opened.v1') > 0
        ) AS tickets
        LEFT JOIN (SELECT account, purchase_days FROM accounts) AS bought ON bought.account = tickets.account
    ),
    counted AS
    (
        SELECT
            slice,
            period,
            count() AS tickets,
            count(hours) AS answered,
            countIf(asked.fast) AS within_day,
            median_of(groupArray(hours)) AS median_response_hours,
            p90_of(groupArray(hours)) AS p90_response_hours,
            countIf(asked.escalated) AS escalated,
            countIf(decided AND asked.fast) AS fast,
            countIf(decided AND asked.fast AND again) AS fast_again,
            countIf(decided AND NOT asked.fast) AS slow,
            countIf(decided AND NOT asked.fast AND again) AS slow_again
        FROM sliced(asked, rep = rep, account = account, at = opened_at) AS asked
        GROUP BY slice, period
    ),
    rated AS
    (
        SELECT
            *,
            rate_of(fast_again, fast) AS fast_rate,
            wilson_low(fast_again, fast) AS fast_rate_low,
            wilson_high(fast_again, fast) AS fast_rate_high,
            rate_of(slow_again, slow) AS slow_rate,
            wilson_low(slow_again, slow) AS slow_rate_low,
            wilson_high(slow_again, slow) AS slow_rate_high
        FROM counted
    ),
    compared AS
    (
        SELECT
            *,
            fast_rate - slow_rate AS difference,
            difference_low(fast_rate, fast_rate_low, fast_rate_high, slow_rate, slow_rate_low, slow_rate_high) AS difference_low,
            difference_high(fast_rate, fast_rate_low, fast_rate_high, slow_rate, slow_rate_low, slow_rate_high) AS difference_high
        FROM rated
    )
SELECT
    slice,
    period,
    tickets,
    answered,
    within_day,
    median_response_hours,
    p90_response_hours,
    escalated,
    fast,
    fast_again,
    fast_rate,
    fast_rate_low,
    fast_rate_high,
    slow,
    slow_again,
    slow_rate,
    slow_rate_low,
    slow_rate_high,
    difference,
    difference_low,
    difference_high,
    distinguishable(difference_low, difference_high) AS distinguishable
FROM compared
ORDER BY period, slice
