-- At which stage each rep loses more deals than peers do: where coaching could help.
--
-- A deal is decided at a stage when it advances to one further on, or is lost as it comes no further; a
-- deal that is won has advanced from all of its stages. Stages are in the order of the pipeline as last
-- defined, without a definition in that of the deal's own way. A deal counts for who owns it now, from
-- the first stage on, on the day it was decided there. What is open at the stage is in no rate.
--
-- Peers are all other owners of deals at the same stage, in the same slice and period: by team, those
-- of the team; by segment, those with the same kind of customers; by rep, all. A rep who has none is
-- compared with nobody. Peers are counted together: who decides most of their deals weighs most.
--
-- It does not say why: deals are not dealt out by lot, and a rep who is given the harder ones loses
-- more of them. Rows are many, and a difference that is not there looks like a gap in one of forty and
-- like a strength in one of forty: of 200 rows, expect five gaps by chance. Where `strict_high` is below 0
-- as well, chance alone makes one in 2,000. Trust a gap that was suspected before one looked, or that is
-- there again in the next period.
--
-- * slice: value of the dimension asked for, empty where none is; a team is that of the day of the decision
-- * period: first day of the period of the decision, NULL where none is asked for; what is open is in that of now
-- * rep: sales rep who owns the deals
-- * pipeline: pipeline
-- * stage: stage of the pipeline
-- * position: place of the stage in the pipeline as last defined, NULL where it is not defined
-- * decided: deals of the rep that advanced from the stage or were lost there
-- * advanced: deals of them that advanced
-- * rate: advanced over decided
-- * rate_low: lower end of its 95 % interval
-- * rate_high: upper end of its 95 % interval
-- * open: open deals of the rep that came as far as this and no further
-- * peers: other reps with decided deals
-- * peer_decided: their deals that advanced from the stage or were lost there
-- * peer_advanced: deals of them that advanced
-- * peer_rate: peer_advanced over peer_decided, NULL where there are no peers
-- * peer_rate_low: lower end of its 95 % interval
-- * peer_rate_high: upper end of its 95 % interval
-- * difference: rate less peer_rate
-- * difference_low: lower end of its 95 % interval
-- * difference_high: upper end of its 95 % interval
-- * distinguishable: 1 where the difference is more than chance, else 0
-- * gap: 1 where it is, and the rep's rate is the lower one, else 0
-- * strict_high: upper end of the 99.9 % interval of the difference
-- * cost: deals that would have advanced at the peers' rate, less those that did; negative where fewer would have
-- * cost_low: the same at difference_high
-- * cost_high: the same at difference_low
-- * mature: 1 where nothing of the rep's is open there and the period is over, else 0
--
-- key: slice, period, rep, pipeline, stage
-- formula: Wilson score interval (E. B. Wilson, JASA 22, 1927, 209-212); interval of the difference:
--     R. G. Newcombe, Statistics in Medicine 17, 1998, 873-890, method 10
-- why: startsWith(type, 'sales.deal.') AND deal IN (SELECT deal FROM deals WHERE owner = row.rep AND pipeline = row.pipeline)
--     OR type = 'sales.pipeline.defined.v1' AND pipeline = row.pipeline
-- explains: position, decided, advanced, rate, rate_low, rate_high, open, mature
WITH
    defined AS
    (
        SELECT pipeline, groupArray(stage) AS stages, groupArray(position) AS places
        FROM pipelines
        WHERE kind = 'open'
        GROUP BY pipeline
    ),
    ranked AS
    (
        SELECT
            deals.account AS account,
            deals.deal AS deal,
            deals.product AS product,
            deals.owner AS owner,
            deals.pipeline AS pipeline,
            deals.status AS status,
            ifNull(deals.closed_at, as_of()) AS until_at,
            deals.path.stage AS steps,
            deals.path.entered_at AS times,
            stages,
            places,
            arrayMap(step -> if(empty(stages), indexOf(steps, step), places[indexOf(stages, step)]), steps) AS ranks,
            arrayMax(ranks) AS furthest,
            steps[arrayLastIndex(rank -> rank = furthest, ranks)] AS last_stage
        FROM deals
        LEFT ANY JOIN defined ON defined.pipeline = deals.pipeline
        WHERE owner != '' AND notEmpty(deals.path)
    ),
    -- Per deal and stage: whether and when it was decided; what is open is not yet.
    decisions AS
    (
        SELECT
            account,
            deal,
            product,
            owner,
            pipeline,
            stage,
            places[indexOf(stages, stage)] AS place,
            ranks[indexOf(steps, stage)] AS rank,
            rank < furthest OR status = 'won' AS advances,
            NOT advances AND stage = last_stage AND status = 'lost' AS leaks,
            NOT advances AND stage = last_stage AND status = 'open' AS waits,
            if(rank < furthest, times[arrayFirstIndex(other -> other > rank, ranks)], until_at) AS at
        FROM ranked
        ARRAY JOIN arrayDistinct(steps) AS stage
        WHERE advances OR leaks OR waits
    ),
    counted AS
    (
        SELECT
            slice,
            period,
            owner AS rep,
            pipeline,
            stage,
            any(place) AS place,
            countIf(advances OR leaks) AS decided,
            countIf(advances) AS advanced,
            countIf(waits) AS open
        FROM sliced(decisions, rep = owner, account = account, deal = deal, product = product, at = at)
        GROUP BY slice, period, rep, pipeline, stage
    ),
    beside AS
    (
        SELECT
            *,
            countIf(decided > 0) OVER peers_too - (decided > 0) AS peers,
            sum(decided) OVER peers_too - decided AS peer_decided,
            sum(advanced) OVER peers_too - advanced AS peer_advanced
        FROM counted
        WINDOW peers_too AS (PARTITION BY if(by() = 'rep', '', slice), period, pipeline, stage)
    ),
    rated AS
    (
        SELECT
            *,
            rate_of(advanced, decided) AS rate,
            wilson_low(advanced, decided) AS rate_low,
            wilson_high(advanced, decided) AS rate_high,
            rate_of(peer_advanced, peer_decided) AS peer_rate,
            wilson_low(peer_advanced, peer_decided) AS peer_low,
            wilson_high(peer_advanced, peer_decided) AS peer_high,
            -- The same two ends of Wilson's intervals at 99.9 %, where z is 3.2905 and its square 10.8276.
            (advanced + 5.4138 + 3.2905 * sqrt(advanced * (1 - rate) + 2.7069)) / (decided + 10.8276) AS strict_rate_high,
            (peer_advanced + 5.4138 - 3.2905 * sqrt(peer_advanced * (1 - peer_rate) + 2.7069)) / (peer_decided + 10.8276) AS strict_peer_low
        FROM beside
    ),
    compared AS
    (
        SELECT
            *,
            rate - peer_rate AS difference,
            difference_low(rate, rate_low, rate_high, peer_rate, peer_low, peer_high) AS lowest,
            difference_high(rate, rate_low, rate_high, peer_rate, peer_low, peer_high) AS highest
        FROM rated
    )
SELECT
    slice,
    period,
    rep,
    pipeline,
    stage,
    nullIf(place, 0) AS position,
    decided,
    advanced,
    rate,
    rate_low,
    rate_high,
    open,
    peers,
    peer_decided,
    peer_advanced,
    peer_rate,
    peer_low AS peer_rate_low,
    peer_high AS peer_rate_high,
    difference,
    lowest AS difference_low,
    highest AS difference_high,
    distinguishable(lowest, highest) AS distinguishable,
    ifNull(highest < 0, false) AS gap,
    difference + sqrt(pow(strict_rate_high - rate, 2) + pow(peer_rate - strict_peer_low, 2)) AS strict_high,
    -decided * difference AS cost,
    -decided * highest AS cost_low,
    -decided * lowest AS cost_high,
    open = 0 AND ifNull(periods_after(period, 1, 'day') <= local_day(addMicroseconds(as_of(), 1)), true) AS mature
FROM compared
ORDER BY period, slice, rep, pipeline, position ASC NULLS LAST, stage
