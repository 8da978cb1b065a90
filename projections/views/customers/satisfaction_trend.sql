-- What customers answered to surveys (CSAT, NPS, CES), by period, and whether it changed since the one
-- before.
--
-- An answer counts when it was given. CSAT is the share of answers of 4 or 5 on the scale of 1 to 5, NPS
-- the share of 9 and 10 less the share of 0 to 6 on the scale of 0 to 10 (here from -1 to 1), CES the
-- share of 5 to 7 on the scale of 1 to 7. The period before is the last one with an answer, within the
-- same slice; without periods there is none. A customer who answers often counts as often, and the
-- interval takes answers for independent. Who answers is no sample drawn by lot: those who do not may
-- feel otherwise, and of those who left nobody answers.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period of the answers, NULL where none is asked for
-- * survey: csat, nps or ces
-- * answers: answers
-- * accounts: accounts that answered
-- * favourable: answers of 4 and 5 (csat), 9 and 10 (nps), 5 to 7 (ces)
-- * unfavourable: answers of 0 to 6 (nps); of the others all that are not favourable
-- * mean: mean answer on the scale of the survey, NULL below five answers
-- * score: CSAT or CES from 0 to 1, NPS from -1 to 1
-- * score_low: lower end of its 95 % interval
-- * score_high: upper end of its 95 % interval
-- * score_before: score of the period before, NULL where there is none
-- * difference_low: lower end of the 95 % interval of the score less the one before, NULL where either
--     has below five answers
-- * difference_high: upper end of the 95 % interval of the score less the one before, NULL likewise
-- * distinguishable: 1 where those two differ by more than chance, else 0
--
-- key: slice, period, survey
-- formula: NPS: F. F. Reichheld, Harvard Business Review 81 (12), 2003, 46-54; Wilson score interval (E. B.
--     Wilson, JASA 22, 1927, 209-212); interval of the NPS, a difference of two shares of the same
--     answers, and of changes: G. Y. Zou and A. Donner, Statistics in Medicine 27, 2008, 1693-1702
-- why: type = 'sales.survey.answered.v1' AND (source, id) IN
--     (
--         SELECT source, id
--         FROM sliced((SELECT * FROM facts WHERE type = 'sales.survey.answered.v1'), rep = rep, account = account, deal = deal, product = ifNull(product, ''), at = time)
--         WHERE slice = row.slice AND isNotDistinctFrom(period, row.period) AND survey = row.survey
--     )
-- explains: answers, accounts, favourable, unfavourable, mean, score, score_low, score_high
WITH
    counted AS
    (
        SELECT
            slice,
            period,
            assumeNotNull(survey) AS survey,
            count() AS answers,
            uniqExactIf(account, account != '') AS accounts,
            countIf(score >= multiIf(survey = 'csat', 4, survey = 'nps', 9, 5)) AS favourable,
            countIf(score < multiIf(survey = 'csat', 4, survey = 'nps', 7, 5)) AS unfavourable,
            avg(score) AS told
        FROM sliced((SELECT * FROM facts WHERE type = 'sales.survey.answered.v1'), rep = rep, account = account, deal = deal, product = ifNull(product, ''), at = time)
        GROUP BY slice, period, survey
    ),
    shares AS
    (
        SELECT
            *,
            rate_of(favourable, answers) AS good,
            wilson_low(favourable, answers) AS good_low,
            wilson_high(favourable, answers) AS good_high,
            rate_of(unfavourable, answers) AS bad,
            wilson_low(unfavourable, answers) AS bad_low,
            wilson_high(unfavourable, answers) AS bad_high,
            -- Of the same answers, more of one are fewer of the other: the correlation of both counts.
            if(good < 1 AND bad < 1, -sqrt(good * bad / ((1 - good) * (1 - bad))), 0) AS together
        FROM counted
    ),
    scored AS
    (
        SELECT
            slice,
            period,
            survey,
            answers,
            accounts,
            favourable,
            unfavourable,
            told,
            if(survey = 'nps', good - bad, good) AS score,
            if(survey = 'nps', greatest(-1, score - sqrt(pow(good - good_low, 2) - 2 * together * (good - good_low) * (bad_high - bad) + pow(bad_high - bad, 2))), good_low) AS score_low,
            if(survey = 'nps', least(1, score + sqrt(pow(good_high - good, 2) - 2 * together * (good_high - good) * (bad - bad_low) + pow(bad - bad_low, 2))), good_high) AS score_high
        FROM shares
    ),
    compared AS
    (
        SELECT
            *,
            lagInFrame(toNullable((scored.score, scored.score_low, scored.score_high, scored.answers)), 1, NULL) OVER (PARTITION BY slice, survey ORDER BY period ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before,
            difference_low(score, score_low, score_high, before.1, before.2, before.3) AS told_low,
            difference_high(score, score_low, score_high, before.1, before.2, before.3) AS told_high
        FROM scored
    )
SELECT
    slice,
    period,
    survey,
    answers,
    accounts,
    favourable,
    unfavourable,
    if(enough(answers), told, NULL) AS mean,
    score,
    score_low,
    score_high,
    before.1 AS score_before,
    if(enough(answers) AND enough(before.4), told_low, NULL) AS difference_low,
    if(enough(answers) AND enough(before.4), told_high, NULL) AS difference_high,
    distinguishable(difference_low, difference_high) AS distinguishable
FROM compared
ORDER BY survey, slice, period
