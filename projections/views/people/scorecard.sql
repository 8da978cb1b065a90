-- What each rep did, sold and was told: the numbers beside the judgements.
--
-- Deals are those the rep owns, on the day they closed; activities, deals opened and purchases are those of
-- `rep_days`, on their day of UTC; the answers of customers, help, feedback and appraisals name the rep. A
-- customer is an account with a deal won in the period. Of appraisals the last one given in the period is
-- told. A rep of whom nothing is told in a period has no row in it. It weighs nothing against anything, and
-- makes no total of it: what a win is worth beside a content customer is for the department to say. Quotas
-- are in `attainment`, comparisons in `leaderboard` and `most_improved`, skills in `skills`.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period, NULL where none is asked for
-- * rep: sales rep
-- * activities: calls, emails sent, meetings, demos, visits, notes, presentations and proposals
-- * deals_opened: deals opened
-- * wins: deals won
-- * losses: deals lost
-- * win_rate: wins over wins and losses
-- * win_rate_low: lower end of its 95 % interval
-- * win_rate_high: upper end of its 95 % interval
-- * won_amount: value of the deals won, NULL where there is no currency or several
-- * currency: currency of won_amount, empty where there is none or several
-- * won_by_currency: value of the deals won, by currency
-- * customers: accounts with a deal won
-- * purchases: purchases credited
-- * answers: answers of customers to surveys on how content they are (CSAT)
-- * content: of them 4 and 5 on the scale of 1 to 5
-- * csat: content over answers
-- * csat_low: lower end of its 95 % interval
-- * csat_high: upper end of its 95 % interval
-- * assists: how often the rep helped a colleague
-- * recognitions: how often the rep was praised or honoured
-- * praise: feedback that was positive
-- * criticism: feedback that was negative
-- * coachings: how often the rep was coached
-- * trainings: trainings completed
-- * appraised_at: when the last appraisal was given, NULL where none was
-- * appraisal_score: its verdict as a whole, from 0 to 100
-- * satisfaction_score: how content it says the customers are, from 0 to 100
-- * teamwork_score: how well it says the rep works with others, from 0 to 100
-- * improvement_plan: what it says is to be done, empty where nothing
-- * mature: 1 where the period is over, else 0
--
-- key: slice, period, rep
-- formula: Wilson score interval (E. B. Wilson, JASA 22, 1927, 209-212)
-- why: actor = row.rep AND (
--         row.period IS NULL OR ifNull(period_of(toDate32(time), NULL) = row.period, false)
--         OR ifNull(period_of(local_day(time), NULL) = row.period, false)
--     )
--     OR startsWith(type, 'sales.deal.') AND deal IN
--     (
--         SELECT deal FROM deals
--         WHERE owner = row.rep AND status IN ('won', 'lost')
--         AND ifNull(period_of(local_day(assumeNotNull(closed_at)), NULL) = row.period, row.period IS NULL)
--     )
WITH
    told AS
    (
        SELECT
            owner AS rep,
            local_day(assumeNotNull(closed_at)) AS day,
            deals.status AS what,
            toUInt64(1) AS number,
            toString(deals.currency) AS currency,
            ifNull(deals.amount, 0) AS amount,
            deals.account AS account,
            CAST(NULL, 'Nullable(DateTime64(6, \'UTC\'))') AS at,
            CAST((NULL, NULL, NULL, ''), 'Tuple(Nullable(Int64), Nullable(Int64), Nullable(Int64), String)') AS appraisal
        FROM deals
        WHERE status IN ('won', 'lost')
        UNION ALL
        SELECT rep_days.rep, day, one.1, one.2, '', 0, '', NULL, (NULL, NULL, NULL, '')
        FROM rep_days
        ARRAY JOIN [('activities', activities), ('deals_opened', deals_opened), ('purchases', purchases)] AS one
        WHERE one.2 > 0
        UNION ALL
        SELECT
            facts.rep,
            local_day(time),
            multiIf(
                type = 'sales.survey.answered.v1', if(ifNull(facts.score >= 4, false), 'content', 'discontent'),
                type = 'sales.feedback.given.v1', concat('feedback ', ifNull(facts.sentiment, '')),
                type
            ),
            1,
            '',
            0,
            '',
            time,
            if(
                type = 'sales.appraisal.given.v1',
                (facts.score, facts.satisfaction_score, facts.teamwork_score, ifNull(facts.improvement_plan, '')),
                (NULL, NULL, NULL, '')
            )
        FROM facts
        WHERE type IN ('sales.survey.answered.v1', 'sales.assist.given.v1', 'sales.recognition.given.v1', 'sales.feedback.given.v1',
                'sales.coaching.held.v1', 'sales.training.completed.v1', 'sales.appraisal.given.v1')
            AND (type != 'sales.survey.answered.v1' OR ifNull(facts.survey = 'csat', false))
    ),
    summed AS
    (
        SELECT
            slice,
            period,
            told.rep AS rep,
            sumIf(number, what = 'activities') AS activities,
            sumIf(number, what = 'deals_opened') AS deals_opened,
            countIf(what = 'won') AS wins,
            countIf(what = 'lost') AS losses,
            sumMapIf(map(told.currency, amount), what = 'won' AND told.currency != '') AS won_by_currency,
            uniqExactIf(account, what = 'won' AND account != '') AS customers,
            sumIf(number, what = 'purchases') AS purchases,
            countIf(what IN ('content', 'discontent')) AS answers,
            countIf(what = 'content') AS content,
            countIf(what = 'sales.assist.given.v1') AS assists,
            countIf(what = 'sales.recognition.given.v1') AS recognitions,
            countIf(what = 'feedback positive') AS praise,
            countIf(what = 'feedback negative') AS criticism,
            countIf(what = 'sales.coaching.held.v1') AS coachings,
            countIf(what = 'sales.training.completed.v1') AS trainings,
            maxIf(at, what = 'sales.appraisal.given.v1') AS appraised_at,
            argMaxIf(appraisal, at, what = 'sales.appraisal.given.v1') AS verdict
        FROM sliced(told, rep = rep, day = day) AS told
        WHERE told.rep != ''
        GROUP BY slice, period, rep
    )
SELECT
    slice,
    period,
    rep,
    activities,
    deals_opened,
    wins,
    losses,
    rate_of(wins, wins + losses) AS win_rate,
    wilson_low(wins, wins + losses) AS win_rate_low,
    wilson_high(wins, wins + losses) AS win_rate_high,
    if(length(won_by_currency) = 1, toNullable(mapValues(won_by_currency)[1]), NULL) AS won_amount,
    if(length(won_by_currency) = 1, mapKeys(won_by_currency)[1], '') AS currency,
    won_by_currency,
    customers,
    purchases,
    answers,
    content,
    rate_of(content, answers) AS csat,
    wilson_low(content, answers) AS csat_low,
    wilson_high(content, answers) AS csat_high,
    assists,
    recognitions,
    praise,
    criticism,
    coachings,
    trainings,
    appraised_at,
    verdict.1 AS appraisal_score,
    verdict.2 AS satisfaction_score,
    verdict.3 AS teamwork_score,
    verdict.4 AS improvement_plan,
    ifNull(periods_after(period, 1, 'day') <= local_day(addMicroseconds(as_of(), 1)), true) AS mature
FROM summed
ORDER BY slice, period, rep
