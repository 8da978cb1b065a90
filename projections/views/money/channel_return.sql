-- What each channel of campaigns cost, and what the leads it brought came to.
--
-- A channel is that of the campaign, as last told: money is spent on campaigns, whatever way a lead then
-- came in by (`lead_conversion` has those). Spend, leads, deals and their value are those of its campaigns, as
-- in `campaign_return`, with what is said there: return is of revenue, not of profit, and deals still open
-- can raise it. Leads and deals are of all currencies, spend and value of the row's. Rates whose intervals
-- overlap may be alike; that one channel returns more does not say that more spent on it would.
--
-- * channel: channel of the campaigns, empty where unknown
-- * currency: currency of the amounts, empty where there are none
-- * campaigns: campaigns of the channel
-- * spent: what they cost
-- * leads: leads they brought
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
-- key: channel, currency
-- formula: Wilson score interval (E. B. Wilson, JASA 22, 1927, 209-212)
-- why: campaign IN (SELECT campaign FROM campaign_return WHERE channel = row.channel)
--         AND type IN ('sales.campaign.started.v1', 'sales.spend.incurred.v1')
--     OR startsWith(type, 'sales.lead.') AND lead IN
--     (
--         SELECT lead FROM facts WHERE type = 'sales.lead.captured.v1'
--         AND campaign IN (SELECT campaign FROM campaign_return WHERE channel = row.channel)
--     )
--     OR startsWith(type, 'sales.deal.') AND deal IN
--     (
--         SELECT deal FROM deal_sources WHERE campaign IN (SELECT campaign FROM campaign_return WHERE channel = row.channel)
--     )
WITH
    -- A campaign has a row for each currency, with the same leads and deals in each.
    of_campaigns AS
    (
        SELECT
            campaign_return.channel AS channel,
            campaign,
            any(campaign_return.leads) AS leads,
            any(campaign_return.deals) AS deals,
            any(campaign_return.open) AS open,
            any(campaign_return.won) AS won,
            groupArray((campaign_return.currency, campaign_return.spent, campaign_return.won_amount)) AS amounts
        FROM campaign_return
        GROUP BY channel, campaign
    ),
    of_channels AS
    (
        SELECT
            channel,
            count() AS campaigns,
            sum(of_campaigns.leads) AS leads,
            sum(of_campaigns.deals) AS deals,
            sum(of_campaigns.open) AS open,
            sum(of_campaigns.won) AS won,
            groupArrayArray(amounts) AS told,
            arraySort(arrayDistinct(told.1)) AS named,
            arrayFilter(one -> one != '' OR length(named) = 1, named) AS currencies
        FROM of_campaigns
        GROUP BY channel
    )
SELECT
    channel,
    currency,
    campaigns,
    arraySum(one -> if(one.1 = currency, one.2, 0), told) AS spent,
    leads,
    nullIf(toFloat64(spent), 0) / nullIf(leads, 0) AS cost_per_lead,
    deals,
    open,
    won,
    rate_of(won, leads) AS win_rate,
    wilson_low(won, leads) AS win_rate_low,
    wilson_high(won, leads) AS win_rate_high,
    arraySum(one -> if(one.1 = currency, one.3, 0), told) AS won_amount,
    nullIf(toFloat64(spent), 0) / nullIf(won, 0) AS cost_per_win,
    toFloat64(won_amount) / nullIf(toFloat64(spent), 0) AS return_on_spend
FROM of_channels
ARRAY JOIN currencies AS currency
ORDER BY channel, currency
