-- Who recommended us, what became of it, and what those who came bought.
--
-- A referral tells of an account, or of a lead, which counts as the account it was converted into. Who
-- was recommended twice belongs to who did so first. Referred customers are those who first bought at or
-- after the time of the referral; one who bought before was not won by it and counts as known before.
-- Revenue is all they have bought since, less what they gave back, one row per currency; a referrer
-- without any has one row with an empty currency. Who was referred might have come without it.
--
-- * referrer: account that recommended
-- * currency: currency of revenue, empty where nothing was bought
-- * referrals: recommendations given, also those that name nobody
-- * referred: accounts and leads recommended to for the first time
-- * converted: those of them that are an account
-- * known_before: those of them that had bought before
-- * customers: those of them that bought at or after the referral
-- * conversion: customers over referred less known_before
-- * conversion_low: lower end of its 95 % interval
-- * conversion_high: upper end of its 95 % interval
-- * purchases: purchases of those customers, of all currencies
-- * revenue: value of their purchases less returns, in currency
--
-- key: referrer, currency
-- formula: Wilson score interval (E. B. Wilson, JASA 22, 1927, 209-212)
-- why: type IN ('sales.referral.given.v1', 'sales.lead.converted.v1')
--     OR type IN ('sales.purchase.made.v1', 'sales.purchase.returned.v1') AND account IN
--     (
--         SELECT ifNull(referred_account, '') FROM facts WHERE type = 'sales.referral.given.v1' AND account = row.referrer
--         UNION ALL
--         SELECT account FROM facts WHERE type = 'sales.lead.converted.v1' AND lead IN
--         (
--             SELECT lead FROM facts WHERE type = 'sales.referral.given.v1' AND account = row.referrer
--         )
--     )
WITH
    converted AS
    (
        SELECT assumeNotNull(facts.lead) AS lead, argMax(facts.account, moment) AS account
        FROM facts
        WHERE type = 'sales.lead.converted.v1' AND facts.account != ''
        GROUP BY lead
    ),
    given AS
    (
        SELECT
            facts.account AS referrer,
            multiIf(ifNull(referred_account, '') != '', ('account', assumeNotNull(referred_account)),
                converted.account != '', ('account', converted.account),
                ifNull(facts.lead, '') != '', ('lead', assumeNotNull(facts.lead)), ('', '')) AS who,
            who.1 != '' AND row_number() OVER (PARTITION BY who ORDER BY time, sequence, source, id) = 1 AS first,
            time
        FROM facts
        LEFT JOIN converted ON converted.lead = facts.lead
        WHERE type = 'sales.referral.given.v1' AND facts.account != ''
    ),
    brought AS
    (
        SELECT
            given.referrer AS referrer,
            count() AS referrals,
            countIf(first) AS referred,
            countIf(first AND who.1 = 'account') AS converted,
            countIf(first AND ifNull(first_purchase_at < given.time, false)) AS known_before,
            countIf(first AND ifNull(first_purchase_at >= given.time, false)) AS customers,
            sumIf(accounts.purchases, first AND ifNull(first_purchase_at >= given.time, false)) AS purchases,
            sumMapIf(mapAdd(purchase_value_by_currency, return_value_by_currency), first AND ifNull(first_purchase_at >= given.time, false)) AS worth
        FROM accounts
        RIGHT JOIN given ON accounts.account = if(given.who.1 = 'account', given.who.2, '')
        GROUP BY referrer
    )
SELECT
    referrer,
    revenues.1 AS currency,
    referrals,
    referred,
    converted,
    known_before,
    customers,
    rate_of(customers, referred - known_before) AS conversion,
    wilson_low(customers, referred - known_before) AS conversion_low,
    wilson_high(customers, referred - known_before) AS conversion_high,
    purchases,
    revenues.2 AS revenue
FROM brought
ARRAY JOIN if(empty(worth), [('', toDecimal128(0, 9))], CAST(worth, 'Array(Tuple(String, Decimal(38, 9)))')) AS revenues
ORDER BY currency, revenue DESC, referrer
