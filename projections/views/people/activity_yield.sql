-- How much was done, what came of it, and how many calls, meetings and activities went into a win.
--
-- A row has one set of counts whatever the currencies: what was won stands beside them as a list by
-- currency. Everything is counted for the rep and the day, of UTC, of its own event: a deal that is
-- taken up again and won again is two wins. Calls per win is calls over wins, and its interval is that of
-- the wins as a Poisson number, turned over; without a win it is not told. The rest is what a row is
-- compared with: the other slices of the same period, or without slices the other periods. A row is
-- distinguishable where its part of the calls lies outside of the interval of its part of the wins: of
-- twenty rows that are all alike, one is by chance.
--
-- It does not say that the calls made the wins. Those of a period belong to wins of later ones, by as
-- much as deals take (`sales_cycle`), so where calling grows or shrinks, short periods mislead; calls to
-- customers for other reasons are in it; and reps differ in what they sell and to whom.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period, NULL where none is asked for
-- * reps: reps of whom anything is told
-- * calls: calls made and received
-- * emails: emails sent
-- * meetings: meetings, demos and visits
-- * activities: calls, emails sent, meetings, demos, visits, notes, presentations and proposals
-- * deals_opened: deals opened
-- * wins: deals won
-- * losses: deals lost
-- * won_amounts: value of the deals won, by currency
-- * calls_per_win: calls over wins, NULL without wins
-- * calls_per_win_low: lower end of its 95 % interval
-- * calls_per_win_high: upper end of its 95 % interval
-- * meetings_per_win: meetings over wins, NULL without wins
-- * meetings_per_win_low: lower end of its 95 % interval
-- * meetings_per_win_high: upper end of its 95 % interval
-- * activities_per_win: activities over wins, NULL without wins
-- * activities_per_win_low: lower end of its 95 % interval
-- * activities_per_win_high: upper end of its 95 % interval
-- * wins_per_100_calls: wins over calls, times 100, NULL without calls
-- * wins_per_100_calls_low: lower end of its 95 % interval
-- * wins_per_100_calls_high: upper end of its 95 % interval
-- * rest_wins_per_100_calls: the same of the rest
-- * distinguishable: 1 where the wins for the calls differ from those of the rest by more than chance, else 0
-- * mature: 1 where the period is over, else 0
--
-- key: slice, period
-- formula: Byar's interval of a Poisson number (N. E. Breslow and N. E. Day, Statistical Methods in Cancer
--     Research II, 1987, p. 69); comparison of two Poisson numbers by the share of the one in both:
--     J. Przyborowski and H. Wilenski, Biometrika 31, 1940, 313-323, with Wilson's interval
-- why: (actor, toDate32(time)) IN
--         (
--             SELECT rep, day FROM sliced(rep_days, rep = rep, day = day)
--             WHERE slice = row.slice AND isNotDistinctFrom(period, row.period)
--         )
-- explains: reps, calls, emails, meetings, activities, deals_opened, wins, losses, calls_per_win,
--     meetings_per_win, activities_per_win, wins_per_100_calls
WITH
    counted AS
    (
        SELECT
            slice,
            period,
            uniqExact(rep) AS reps,
            sum(told.calls) AS calls,
            sum(told.emails) AS emails,
            sum(told.meetings) AS meetings,
            sum(told.activities) AS activities,
            sum(told.deals_opened) AS deals_opened,
            sum(told.wins) AS wins,
            sum(told.losses) AS losses,
            sumMapIf(map(currency, won_amount), told.wins > 0) AS amounts,
            if(wins > 0, poisson_low(greatest(wins, 1)), 0) AS wins_low,
            poisson_high(wins) AS wins_high
        FROM sliced(rep_days, rep = rep, day = day) AS told
        GROUP BY slice, period
    ),
    compared AS
    (
        SELECT
            *,
            sum(counted.calls) OVER alike AS all_calls,
            sum(counted.wins) OVER alike AS all_wins
        FROM counted
        WINDOW alike AS (PARTITION BY if(by() = '', NULL, period))
    ),
    told_apart AS
    (
        SELECT
            *,
            rate_of(calls, all_calls) AS expected,
            wilson_low(wins, all_wins) AS share_low,
            wilson_high(wins, all_wins) AS share_high
        FROM compared
    )
SELECT
    slice,
    period,
    reps,
    calls,
    emails,
    meetings,
    activities,
    deals_opened,
    wins,
    losses,
    arraySort(CAST(amounts, 'Array(Tuple(String, Decimal(38, 9)))')) AS won_amounts,
    rate_of(calls, wins) AS calls_per_win,
    if(wins > 0, calls / wins_high, NULL) AS calls_per_win_low,
    if(wins > 0, calls / wins_low, NULL) AS calls_per_win_high,
    rate_of(meetings, wins) AS meetings_per_win,
    if(wins > 0, meetings / wins_high, NULL) AS meetings_per_win_low,
    if(wins > 0, meetings / wins_low, NULL) AS meetings_per_win_high,
    rate_of(activities, wins) AS activities_per_win,
    if(wins > 0, activities / wins_high, NULL) AS activities_per_win_low,
    if(wins > 0, activities / wins_low, NULL) AS activities_per_win_high,
    100 * rate_of(wins, calls) AS wins_per_100_calls,
    if(calls > 0, 100 * wins_low / calls, NULL) AS wins_per_100_calls_low,
    if(calls > 0, 100 * wins_high / calls, NULL) AS wins_per_100_calls_high,
    100 * rate_of(all_wins - wins, all_calls - calls) AS rest_wins_per_100_calls,
    distinguishable(share_low - expected, share_high - expected) AS distinguishable,
    ifNull(periods_after(period, 1, 'day') <= local_day(addMicroseconds(as_of(), 1)), true) AS mature
FROM told_apart
ORDER BY period, slice
