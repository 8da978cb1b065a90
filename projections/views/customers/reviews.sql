-- What customers write about the company in public, beside how deals of the same period ended.
--
-- A review is favourable with four fifths of the best rating of its site or more, unfavourable with two fifths
-- or less; one that tells no rating counts by its sentiment, and without that as neither. The mean is over
-- those with a rating, each as a part of its site's best, so that sites with five stars and with ten go
-- together. A customer who writes often counts as often. The deals are those closed in the same slice and
-- period; that rates move together does not say that one moves the other. Nobody knows who read what.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period, NULL where none is asked for
-- * reviews: reviews posted
-- * accounts: customers who posted one, those without a name left out
-- * sites: sites they were posted on
-- * rated: reviews that tell a rating and the best one of the site
-- * mean_rating: their mean, from 0 to 1, NULL below five
-- * favourable: reviews that are favourable
-- * unfavourable: reviews that are unfavourable
-- * favourable_rate: favourable over reviews
-- * favourable_low: lower end of its 95 % interval
-- * favourable_high: upper end of its 95 % interval
-- * closed: deals won or lost
-- * won: deals won
-- * win_rate: won over closed
-- * win_rate_low: lower end of its 95 % interval
-- * win_rate_high: upper end of its 95 % interval
-- * lost_to_competitors: deals lost to a competitor that is named
-- * mature: 1 where the period is over, else 0
--
-- key: slice, period
-- formula: Wilson score interval (E. B. Wilson, JASA 22, 1927, 209-212)
-- why: type = 'sales.review.posted.v1' AND (source, id) IN
--         (
--             SELECT source, id
--             FROM sliced((SELECT * FROM facts WHERE type = 'sales.review.posted.v1'), rep = rep, account = account, deal = deal, product = ifNull(product, ''), at = time)
--             WHERE slice = row.slice AND isNotDistinctFrom(period, row.period)
--         )
--     OR startsWith(type, 'sales.deal.') AND deal IN
--         (
--             SELECT deal FROM sliced(deals, rep = owner, account = account, deal = deal, product = product, at = closed_at)
--             WHERE status IN ('won', 'lost') AND slice = row.slice AND isNotDistinctFrom(period, row.period)
--         )
WITH
    told AS
    (
        SELECT
            1 AS reviewed,
            rep,
            account,
            deal,
            ifNull(facts.product, '') AS product,
            time AS at,
            ifNull(facts.site, '') AS site,
            if(facts.rating_scale > 0, toFloat64(facts.rating) / toFloat64(facts.rating_scale), NULL) AS rate,
            ifNull(facts.sentiment, '') AS felt,
            '' AS status,
            0 AS to_competitor
        FROM facts
        WHERE type = 'sales.review.posted.v1'
        UNION ALL
        SELECT 0, owner, account, deal, product, assumeNotNull(closed_at), '', NULL, '', status, status = 'lost' AND 1
        FROM deals
        WHERE status IN ('won', 'lost')
    ),
    counted AS
    (
        SELECT
            slice,
            period,
            countIf(reviewed) AS reviews,
            uniqExactIf(account, reviewed AND account != '') AS accounts,
            uniqExactIf(site, reviewed AND site != '') AS sites,
            countIf(rate IS NOT NULL) AS rated,
            if(enough(rated), avg(rate), NULL) AS mean_rating,
            countIf(reviewed AND ifNull(rate >= 0.8 - 1e-9, felt = 'positive')) AS favourable,
            countIf(reviewed AND ifNull(rate <= 0.4 + 1e-9, felt = 'negative')) AS unfavourable,
            countIf(NOT reviewed) AS closed,
            countIf(status = 'won') AS won,
            countIf(to_competitor) AS lost_to_competitors
        FROM sliced(told, rep = rep, account = account, deal = deal, product = product, at = at)
        GROUP BY slice, period
        HAVING reviews > 0
    )
SELECT
    slice,
    period,
    reviews,
    accounts,
    sites,
    rated,
    mean_rating,
    favourable,
    unfavourable,
    rate_of(favourable, reviews) AS favourable_rate,
    wilson_low(favourable, reviews) AS favourable_low,
    wilson_high(favourable, reviews) AS favourable_high,
    closed,
    won,
    rate_of(won, closed) AS win_rate,
    wilson_low(won, closed) AS win_rate_low,
    wilson_high(won, closed) AS win_rate_high,
    lost_to_competitors,
    ifNull(periods_after(period, 1, 'day') <= local_day(addMicroseconds(as_of(), 1)), true) AS mature
FROM counted
ORDER BY period, slice
