-- Every purchase and every return: who bought what, when, from whom, and how long after the one before.
--
-- One row per order, or per return, in the customer's own order. Days since the last are whole days of 24
-- hours since the purchase before, whatever was given back between. The balance is what the customer has
-- bought so far in that currency, less what was given back. A purchase that names no customer stands alone.
--
-- * account: customer account, empty where none is named
-- * time: when it happened
-- * returned: 1 where something was given back, else 0
-- * order: number of the order, of the invoice or of the credit note, empty where none is named
-- * product: product, empty where none is named
-- * quantity: how much of it, NULL where not told
-- * amount: value, negative where it was given back
-- * currency: currency of the amount
-- * rep: rep credited, empty where none
-- * nth: which purchase of the customer it is, from 1 on; of a return how many there were before
-- * days_since_last: days since the customer's purchase before, NULL for the first
-- * balance: sum of the customer's amounts in the currency so far
-- * market: market it was sold into, empty where none is named
-- * source: where the event comes from
-- * id: names the event together with source
--
-- key: source, id
-- why: type IN ('sales.purchase.made.v1', 'sales.purchase.returned.v1') AND (account != '' AND account = row.account OR source = row.source AND id = row.id)
SELECT
    account,
    time,
    returned,
    order,
    product,
    quantity,
    amount,
    currency,
    rep,
    if(account = '', 1 - returned, sum(1 - returned) OVER so_far) AS nth,
    if(
        account = '', NULL,
        age('day', maxIf(toNullable(time), NOT returned) OVER before, time)
    ) AS days_since_last,
    if(account = '', amount, sum(amount) OVER in_currency) AS balance,
    market,
    source,
    id
FROM
(
    SELECT
        account,
        time,
        moment,
        CAST(type = 'sales.purchase.returned.v1', 'UInt8') AS returned,
        ifNull(facts.order, '') AS order,
        ifNull(facts.product, '') AS product,
        facts.quantity AS quantity,
        if(returned, -1, 1) * assumeNotNull(facts.amount) AS amount,
        assumeNotNull(facts.currency) AS currency,
        rep,
        ifNull(facts.market, '') AS market,
        source,
        id
    FROM facts
    WHERE type IN ('sales.purchase.made.v1', 'sales.purchase.returned.v1')
)
WINDOW
    so_far AS (PARTITION BY account ORDER BY moment ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW),
    before AS (PARTITION BY account ORDER BY moment ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
    in_currency AS (PARTITION BY account, currency ORDER BY moment ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
ORDER BY account, moment
