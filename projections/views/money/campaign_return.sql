-- What each campaign cost, and what the leads it brought came to.
--
-- Cost is the money spent that names the campaign. Its leads are those whose first capture names it, its
-- deals those that came from such a lead; their value counts in full to that campaign, whatever else the
-- buyer met with. Return is the value of the deals won over the cost (return on advertising spend): of
-- revenue, not of profit. Deals still open can raise it. A campaign with several currencies has a row for
-- each, with its leads and deals in each; only spend and value are of the currency. Purchases that name a
-- campaign are not counted, nor what a campaign did beside its leads.
--
-- * campaign: campaign
-- * currency: currency of the amounts, empty where there are none
-- * name: its name as last told, empty where unknown
-- * channel: way it reaches people by, empty where unknown
-- * budget: what it may cost, as last told in this currency, NULL where it was not
-- * spent: what it cost
-- * leads: leads it brought
-- * cost_per_lead: spent over leads, NULL where there are none or nothing was spent
-- * deals: deals that came from them
-- * open: deals still open
-- * won: deals won
-- * win_rate: won over leads
-- * win_rate_low: lower end of its 95 % interval
-- * win_rate_high: upper end of its 95 % interval
-- * won_amount: value of the deals won
-- * cost_per_win: spent over won, NULL where there are none or nothing was spent
-- * return_on_spend: won_amount over spent, NULL where nothing was spent
--
-- key: campaign, currency
-- formula: Wilson score interval (E. B. Wilson, JASA 22, 1927, 209-212)
-- why: campaign = row.campaign AND type IN ('sales.campaign.started.v1', 'sales.spend.incurred.v1')
--     OR startsWith(type, 'sales.lead.') AND lead IN
--     (
--         SELECT lead FROM facts WHERE type = 'sales.lead.captured.v1' AND campaign = row.campaign
--     )
--     OR startsWith(type, 'sales.deal.') AND deal IN (SELECT deal FROM deal_sources WHERE campaign = row.campaign)
WITH
    happened AS
    (
        SELECT
            assumeNotNull(facts.campaign) AS campaign,
            ifNull(facts.currency, '') AS money,
            sumIf(ifNull(amount, 0), type = 'sales.spend.incurred.v1') AS cost,
            argMaxOrNullIf(amount, moment, type = 'sales.campaign.started.v1' AND amount IS NOT NULL) AS planned,
            maxIf((moment, ifNull(facts.name, ''), toString(ifNull(facts.channel, ''))), type = 'sales.campaign.started.v1') AS told,
            countIf(brings) AS leads,
            0 AS deals,
            0 AS open,
            0 AS won,
            toDecimal128(0, 9) AS value
        FROM
        (
            SELECT *, type = 'sales.lead.captured.v1' AND row_number() OVER (PARTITION BY type, facts.lead ORDER BY moment) = 1 AS brings
            FROM facts
            WHERE type IN ('sales.campaign.started.v1', 'sales.spend.incurred.v1', 'sales.lead.captured.v1')
        ) AS facts
        WHERE facts.campaign IS NOT NULL AND (type != 'sales.lead.captured.v1' OR brings)
        GROUP BY campaign, money
        UNION ALL
        SELECT
            deal_sources.campaign AS campaign,
            toString(deals.currency) AS money,
            0,
            NULL,
            defaultValueOfTypeName('Tuple(Tuple(DateTime64(6, \'UTC\'), UInt64, String, String), String, String)'),
            0,
            count(),
            countIf(status = 'open'),
            countIf(status = 'won'),
            sumIf(ifNull(deals.amount, 0), status = 'won')
        FROM deals
        INNER JOIN deal_sources ON deal_sources.deal = deals.deal
        WHERE deal_sources.campaign != ''
        GROUP BY campaign, money
    ),
    summed AS
    (
        SELECT
            campaign,
            money AS currency,
            sum(cost) AS spent,
            max(planned) AS budget,
            max(max(told)) OVER of_campaign AS profile,
            sum(sum(happened.leads)) OVER of_campaign AS leads,
            sum(sum(happened.deals)) OVER of_campaign AS deals,
            sum(sum(happened.open)) OVER of_campaign AS open,
            sum(sum(happened.won)) OVER of_campaign AS won,
            sum(value) AS won_amount,
            count() OVER of_campaign AS currencies
        FROM happened
        GROUP BY campaign, money
        WINDOW of_campaign AS (PARTITION BY campaign)
    )
SELECT
    campaign,
    currency,
    profile.2 AS name,
    profile.3 AS channel,
    budget,
    spent,
    leads,
    nullIf(toFloat64(spent), 0) / nullIf(leads, 0) AS cost_per_lead,
    deals,
    open,
    won,
    rate_of(won, leads) AS win_rate,
    wilson_low(won, leads) AS win_rate_low,
    wilson_high(won, leads) AS win_rate_high,
    won_amount,
    nullIf(toFloat64(spent), 0) / nullIf(won, 0) AS cost_per_win,
    toFloat64(won_amount) / nullIf(toFloat64(spent), 0) AS return_on_spend
FROM summed
WHERE currency != '' OR currencies = 1
ORDER BY campaign, currency
