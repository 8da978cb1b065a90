-- How recently, how often and for how much each customer bought, in fifths, and what one calls such.
--
-- Recency is calendar days since the last purchase, frequency the number of purchases, monetary their
-- value less what was given back. A score is 1 plus the whole fifths of the customers that are worse, of
-- those with the same currency, so equal values have equal scores and 5 is best; a score can be missing
-- where many are equal. A customer with several currencies has a row for each, of which only the
-- monetary score differs in what it counts. The segment is told by the recency score and the mean of the
-- two others, halves rounded up, written R and FM here:
-- champions R 4 to 5 and FM 4 to 5; loyal R 4 to 5 and FM 3, or R 3 and FM 4 to 5;
-- potential_loyalist R 4 to 5 and FM 2; new R 5 and FM 1; promising R 4 and FM 1;
-- needs_attention R 3 and FM 3; about_to_sleep R 3 and FM 1 to 2; at_risk R 2 and FM 3 to 5, or R 1 and
-- FM 3; cannot_lose R 1 and FM 4 to 5; hibernating R 2 and FM 1 to 2; lost R 1 and FM 1 to 2.
-- A name says how a customer has bought against the others, not what the customer will do.
--
-- * account: customer account
-- * currency: currency of value
-- * recency_days: calendar days since the last purchase
-- * purchases: purchases so far, of all currencies
-- * value: purchases less returns, in currency
-- * recency: score of recency_days, 1 to 5, 5 is most recent
-- * frequency: score of purchases, 1 to 5, 5 is most often
-- * monetary: score of value, 1 to 5, 5 is most
-- * segment: name of the segment
--
-- key: account, currency
-- formula: fifths as in A. M. Hughes, Strategic Database Marketing (1994), but with equal values kept
--     together; the eleven names are those of Putler's scheme (putler.com/rfm-analysis), whose ranges
--     overlap: each pair of scores was given to one of the names whose range holds it
-- why: type IN ('sales.purchase.made.v1', 'sales.purchase.returned.v1') AND account = row.account
-- explains: recency_days, purchases, value
WITH
    bought AS
    (
        SELECT
            account,
            worth.1 AS currency,
            dateDiff('day', assumeNotNull(last_purchase_at), as_of()) AS recency_days,
            accounts.purchases AS purchases,
            worth.2 + return_value_by_currency[worth.1] AS value
        FROM accounts
        ARRAY JOIN CAST(purchase_value_by_currency, 'Array(Tuple(String, Decimal(38, 9)))') AS worth
        WHERE accounts.purchases > 0
    ),
    scored AS
    (
        SELECT
            *,
            count() OVER (PARTITION BY currency) AS customers,
            1 + intDiv(5 * (rank() OVER (PARTITION BY currency ORDER BY recency_days DESC) - 1), customers) AS recency,
            1 + intDiv(5 * (rank() OVER (PARTITION BY currency ORDER BY bought.purchases) - 1), customers) AS frequency,
            1 + intDiv(5 * (rank() OVER (PARTITION BY currency ORDER BY value) - 1), customers) AS monetary,
            intDiv(frequency + monetary + 1, 2) AS both
        FROM bought
    )
SELECT
    account,
    currency,
    recency_days,
    purchases,
    value,
    recency,
    frequency,
    monetary,
    multiIf(
        recency >= 4, multiIf(both >= 4, 'champions', both = 3, 'loyal', both = 2, 'potential_loyalist', recency = 5, 'new', 'promising'),
        recency = 3, multiIf(both >= 4, 'loyal', both = 3, 'needs_attention', 'about_to_sleep'),
        recency = 2, if(both >= 3, 'at_risk', 'hibernating'),
        multiIf(both >= 4, 'cannot_lose', both = 3, 'at_risk', 'lost')
    ) AS segment
FROM scored
ORDER BY currency, recency DESC, both DESC, value DESC, account
