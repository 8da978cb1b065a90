-- Whether the open pipeline of each rep is enough for what is left of the quota of a period.
--
-- One row per quota on won_amount whose period has begun. What remains is the quota less what the rep is
-- credited with of the deals won in the period, nothing where it is reached; open is what the rep's open deals are
-- worth in the quota's currency, due the part of it that is expected to close by the end of the
-- period, overdue ones included. Both are as of now, or as of the end of a period gone by. Coverage is
-- open over remaining: 3 means three times as much open as is still wanted. How much is enough hangs
-- on the win rate: the coverage of periods gone by as they began, beside what they reached, tells it.
-- Open deals count for who owns them now, also before they were handed over.
--
-- * rep: sales rep
-- * currency: currency of the quota and the values
-- * period_start: first day of the period
-- * period_end: last day of the period
-- * quota: the quota
-- * started: value open as the period began
-- * start_coverage: started over quota, NULL where the quota is 0
-- * won: what the rep is credited with of the deals won in the period so far (`deal_credits`)
-- * remaining: quota less won, 0 where it is reached
-- * open_deals: open deals with an amount in the currency
-- * open: their value
-- * due_deals: those of them expected to close by the end of the period
-- * due: their value
-- * coverage: open over remaining, NULL where nothing is left
-- * due_coverage: due over remaining, NULL where nothing is left
--
-- key: rep, currency, period_start, period_end
-- currency: a quota is held against what was reached in its own currency; attainment adds several up
-- why: type IN ('sales.quota.set.v1', 'sales.quota.revised.v1') AND actor = row.rep
--     OR startsWith(type, 'sales.deal.') AND deal IN
--         (
--             SELECT deal FROM deals WHERE owner = row.rep AND has(changes.currency, row.currency)
--             UNION ALL
--             SELECT deal FROM deal_credits WHERE rep = row.rep AND currency = row.currency
--         )
WITH worth AS
(
    SELECT
        owner AS rep,
        step.currency AS currency,
        groupArray((
            local_day(step.at),
            ifNull(local_day(ended_at), toDate32('2299-12-31')),
            assumeNotNull(step.amount),
            ifNull(step.expected_close, toDate32('2299-12-31'))
        )) AS spans
    FROM deals
    ARRAY JOIN
        changes AS step,
        arrayShiftLeft(arrayMap(one -> toNullable(one.at), changes), 1) AS ended_at
    WHERE step.amount IS NOT NULL AND step.status = 'open'
    GROUP BY rep, currency
),
reached AS
(
    SELECT rep, deal_credits.currency AS currency, groupArray((closed_on, credited)) AS wins
    FROM deal_credits
    GROUP BY rep, currency
)
SELECT
    quotas.rep AS rep,
    quotas.currency AS currency,
    quotas.period_start AS period_start,
    quotas.period_end AS period_end,
    quotas.amount AS quota,
    arraySum(arrayMap(one -> if(one.1 < period_start AND one.2 >= period_start, one.3, 0), spans)) AS started,
    rate_of(started, quota) AS start_coverage,
    arraySum(arrayMap(one -> if(one.1 BETWEEN period_start AND least(period_end, local_day(as_of())), one.2, 0), wins)) AS won,
    greatest(quota - won, 0) AS remaining,
    length(arrayFilter(
        one -> one.1 <= least(period_end, local_day(as_of())) AND one.2 > least(period_end, local_day(as_of())),
        spans
    ) AS chances) AS open_deals,
    arraySum(chances.3) AS open,
    arrayCount(one -> one.4 <= period_end, chances) AS due_deals,
    arraySum(arrayMap(one -> if(one.4 <= period_end, one.3, 0), chances)) AS due,
    rate_of(open, remaining) AS coverage,
    rate_of(due, remaining) AS due_coverage
FROM quotas
LEFT ANY JOIN worth ON worth.rep = quotas.rep AND worth.currency = quotas.currency
LEFT ANY JOIN reached ON reached.rep = quotas.rep AND reached.currency = quotas.currency
WHERE quotas.measure = 'won_amount' AND quotas.period_start <= local_day(as_of())
ORDER BY period_start, coverage, rep, currency
