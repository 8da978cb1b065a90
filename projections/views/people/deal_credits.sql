-- Who is credited with each won deal, and with how much of it.
--
-- The whole of a deal is its owner's, unless its credit was split: then the last split told holds, also where
-- the deal has another owner since. Shares are as they were told, and the sum of a deal's is 1. Money is cut
-- to nine places. What a rep is credited with says nothing of who did the work.
--
-- * deal: deal
-- * account: its account, empty where none is known
-- * rep: sales rep, empty where nobody owns it
-- * share: part of the deal that counts for the rep
-- * currency: currency of amount and credited
-- * amount: what the deal is worth, NULL where it was never told
-- * credited: amount times share, 0 without an amount
-- * closed_on: day the deal was won, in the calendar's time zone
--
-- key: deal, rep
-- why: startsWith(type, 'sales.deal.') AND deal = row.deal
-- optional: sales.deal.credit_split
WITH split AS
(
    SELECT
        facts.deal AS deal,
        JSONExtract(argMax(ifNull(credits, ''), moment), 'Array(Tuple(rep String, share Decimal(38, 9)))') AS shares
    FROM facts
    WHERE type = 'sales.deal.credit_split.v1'
    GROUP BY deal
)
SELECT
    deals.deal AS deal,
    deals.account AS account,
    credit.1 AS rep,
    credit.2 AS share,
    deals.currency AS currency,
    deals.amount AS amount,
    CAST(toDecimal256(ifNull(deals.amount, 0), 9) * share, 'Decimal(38, 9)') AS credited,
    local_day(assumeNotNull(closed_at)) AS closed_on
FROM deals
LEFT ANY JOIN split ON split.deal = deals.deal
ARRAY JOIN if(empty(shares), [(owner, toDecimal128(1, 9))], shares) AS credit
WHERE status = 'won'
ORDER BY closed_on, deal, rep
