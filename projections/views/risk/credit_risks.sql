-- Which customers sell on credit that nobody has judged, or owe more or longer than they should.
--
-- An account has a row per currency where something is wrong: unassessed (deals are open and nobody
-- judged how likely it pays), assessment expired (deals are open and the last judgement holds no more),
-- overdue (a payment was told to be overdue and has not come), over limit (what is overdue is more than
-- the limit), over limit if won (with its open deals it would be more). The last assessment and the last
-- limit that is valid hold. A payment that was overdue is settled as far as payments of the same name
-- (its own, else that of the order, else of the subscription) came later; what is due and not overdue is
-- no event, so it is in none of the sums. It does not say that an unassessed customer will not pay.
--
-- * account: customer account
-- * currency: currency of the amounts, empty where the open deals name none
-- * risks: what is wrong, in alphabetical order
-- * open_deals: open deals
-- * open_value: what they are worth
-- * overdue: what is overdue and not paid
-- * overdue_since: when the oldest of it was due, or told to be overdue; NULL where nothing is
-- * credit_limit: the most it may owe, NULL where none is settled
-- * score: the last assessment, from 0, will not pay, to 100; NULL where there is none
-- * credit_rating: the rating of an agency, empty where unknown
-- * valid_until: last day the assessment holds, NULL where it has none
--
-- key: account, currency
-- why: account = row.account AND (startsWith(type, 'sales.deal.') OR startsWith(type, 'sales.credit.')
--     OR startsWith(type, 'sales.payment.'))
WITH
    paid AS
    (
        SELECT
            account,
            currency,
            sum(owed) AS overdue,
            minIf(due_on, owed > 0) AS overdue_since
        FROM
        (
            SELECT
                account,
                assumeNotNull(facts.currency) AS currency,
                coalesce(payment, facts.order, subscription, '') AS name,
                argMaxIf((moment, assumeNotNull(amount), ifNull(facts.due, local_day(time))), moment, type = 'sales.payment.overdue.v1') AS told,
                groupArrayIf((moment, assumeNotNull(amount)), type = 'sales.payment.received.v1') AS received,
                greatest(told.2 - arraySum(one -> if(one.1 > told.1, one.2, 0), received), 0) AS owed,
                told.3 AS due_on
            FROM facts
            WHERE type IN ('sales.payment.overdue.v1', 'sales.payment.received.v1') AND account != ''
            GROUP BY account, currency, name
            HAVING countIf(type = 'sales.payment.overdue.v1') > 0
        )
        GROUP BY account, currency
    ),
    stood AS
    (
        SELECT
            account,
            currency,
            sum(deals) AS open_deals,
            sum(value) AS open_value,
            sum(stood.owed) AS overdue,
            min(due_on) AS overdue_since,
            max(ceiling) AS credit_limit
        FROM
        (
            SELECT account, toString(currency) AS currency, 1 AS deals, ifNull(amount, 0) AS value, toDecimal128(0, 9) AS owed, CAST(NULL, 'Nullable(Date32)') AS due_on, CAST(NULL, 'Nullable(Decimal(38, 9))') AS ceiling
            FROM deals
            WHERE status = 'open' AND account != ''
            UNION ALL
            SELECT account, currency, 0, 0, overdue, overdue_since, NULL
            FROM paid
            WHERE overdue > 0
            UNION ALL
            SELECT account, assumeNotNull(facts.currency) AS currency, 0, 0, 0, NULL, argMax(assumeNotNull(amount), moment)
            FROM facts
            WHERE type = 'sales.credit.limited.v1' AND account != '' AND ifNull(valid_from <= local_day(as_of()), true)
            GROUP BY account, currency
        ) AS stood
        GROUP BY account, currency
    ),
    assessed AS
    (
        SELECT
            account,
            argMax((toNullable(assumeNotNull(facts.score)), ifNull(facts.credit_rating, ''), facts.valid_until), moment) AS judged
        FROM facts
        WHERE type = 'sales.credit.assessed.v1' AND account != ''
        GROUP BY account
    )
SELECT
    stood.account AS account,
    stood.currency AS currency,
    arrayFilter(risk -> risk != '', [
        if(open_deals > 0 AND ifNull(valid_until < local_day(as_of()), false), 'assessment expired', ''),
        if(ifNull(overdue > credit_limit, false), 'over limit', ''),
        if(ifNull(overdue <= credit_limit AND overdue + open_value > credit_limit, false), 'over limit if won', ''),
        if(overdue > 0, 'overdue', ''),
        if(open_deals > 0 AND score IS NULL, 'unassessed', '')
    ]) AS risks,
    open_deals,
    open_value,
    overdue,
    overdue_since,
    credit_limit,
    judged.1 AS score,
    judged.2 AS credit_rating,
    judged.3 AS valid_until
FROM stood
LEFT JOIN assessed ON assessed.account = stood.account
WHERE notEmpty(risks)
ORDER BY overdue DESC, open_value DESC, account, currency
