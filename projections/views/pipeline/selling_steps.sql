-- What was done in deals that are closed, and whether those were won more often than deals without it.
--
-- A step counts where it was recorded for the deal before it was closed, however often: a demo, a
-- presentation, a proposal, a need, and so on. Each is set against the closed deals that might have had
-- it and had not: all others, or where a part is named (`proposal, tailored`, `obstacle, all cleared`)
-- those with its whole. A discount is one that was asked for; an obstacle is cleared where the tape says
-- so at any time. It is no cause: a deal that lives longer has more of every step, and what is promising
-- gets more of them. Distinguishable is what chance alone does not explain; of twenty steps that do
-- nothing, one is distinguishable by chance.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period the deals were closed in, NULL where none is asked for
-- * step: what was done
-- * among: closed deals it is looked for in: all, or those with this step
-- * deals: closed deals with the step
-- * won: those of them that were won
-- * win_rate: won over deals
-- * win_rate_low: lower end of its 95 % interval
-- * win_rate_high: upper end of its 95 % interval
-- * other_deals: closed deals without the step
-- * other_won: those of them that were won
-- * other_rate: other_won over other_deals
-- * other_rate_low: lower end of its 95 % interval
-- * other_rate_high: upper end of its 95 % interval
-- * difference: win_rate less other_rate
-- * difference_low: lower end of its 95 % interval
-- * difference_high: upper end of its 95 % interval
-- * distinguishable: 1 where the two differ by more than chance, else 0
--
-- key: slice, period, step
-- formula: Wilson score interval (E. B. Wilson, JASA 22, 1927, 209-212); interval of the difference:
--     R. G. Newcombe, Statistics in Medicine 17, 1998, 873-890, method 10
-- why: deal IN
--     (
--         SELECT deal FROM sliced(deals, rep = owner, account = account, deal = deal, product = product, at = closed_at)
--         WHERE status IN ('won', 'lost') AND slice = row.slice AND isNotDistinctFrom(period, row.period)
--     )
WITH
    done AS
    (
        SELECT
            deal,
            minMapIf(map(step, time), step != '') AS first,
            groupUniqArrayIf(assumeNotNull(obstacle), type = 'sales.obstacle.raised.v1') AS raised,
            groupUniqArrayIf(assumeNotNull(obstacle), type = 'sales.obstacle.cleared.v1') AS cleared
        FROM facts
        LEFT ARRAY JOIN arrayFilter(step -> step != '', [
            transform(
                type,
                [
                    'sales.demo.held.v1', 'sales.meeting.held.v1', 'sales.visit.made.v1', 'sales.presentation.given.v1',
                    'sales.need.recorded.v1', 'sales.solution.designed.v1', 'sales.proposal.sent.v1', 'sales.business_case.written.v1',
                    'sales.content.shared.v1', 'sales.obstacle.raised.v1', 'sales.terms.changed.v1', 'sales.discount.requested.v1',
                    'sales.discount.approved.v1', 'sales.deal.escalated.v1', 'sales.proposal.accepted.v1', 'sales.obstacle.cleared.v1'
                ],
                [
                    'demo', 'meeting', 'visit', 'presentation',
                    'need recorded', 'solution designed', 'proposal', 'business case',
                    'content shared', 'obstacle', 'terms changed', 'discount',
                    'discount, approved', 'escalation', 'proposal, accepted', ''
                ],
                ''
            ),
            if(type = 'sales.presentation.given.v1' AND ifNull(tailored, false), 'presentation, tailored', ''),
            if(type = 'sales.proposal.sent.v1' AND ifNull(tailored, false), 'proposal, tailored', '')
        ]) AS step
        WHERE deal != '' AND type IN (
            'sales.demo.held.v1', 'sales.meeting.held.v1', 'sales.visit.made.v1', 'sales.presentation.given.v1',
            'sales.need.recorded.v1', 'sales.solution.designed.v1', 'sales.proposal.sent.v1', 'sales.proposal.accepted.v1', 'sales.business_case.written.v1',
            'sales.content.shared.v1', 'sales.obstacle.raised.v1', 'sales.obstacle.cleared.v1', 'sales.terms.changed.v1',
            'sales.discount.requested.v1', 'sales.discount.approved.v1', 'sales.deal.escalated.v1'
        )
        GROUP BY deal
    ),
    summed AS
    (
        SELECT
            slice,
            period,
            count() AS closed,
            countIf(status = 'won') AS closed_won,
            sumMap(steps) AS with_step,
            sumMapIf(steps, status = 'won') AS won_with_step
        FROM
        (
            SELECT
                slice,
                period,
                status,
                mapFilter((step, at) -> at <= assumeNotNull(closed_at), done.first) AS in_time,
                CAST((arrayConcat(
                    arrayFilter(step -> position(step, ', ') = 0 OR mapContains(in_time, splitByString(', ', step)[1]), mapKeys(in_time)),
                    if(mapContains(in_time, 'proposal') AND mapContains(in_time, 'need recorded') AND in_time['need recorded'] < in_time['proposal'], ['proposal, need known before'], []),
                    if(mapContains(in_time, 'obstacle') AND hasAll(done.cleared, done.raised), ['obstacle, all cleared'], [])
                ) AS names, arrayMap(name -> 1, names)), 'Map(String, UInt64)') AS steps
            FROM sliced(deals, rep = owner, account = account, deal = deal, product = product, at = closed_at) AS closed
            LEFT JOIN done ON done.deal = closed.deal
            WHERE status IN ('won', 'lost')
        )
        GROUP BY slice, period
    ),
    counted AS
    (
        SELECT
            slice,
            period,
            step,
            if(position(step, ', ') > 0, splitByString(', ', step)[1], 'all') AS among,
            with_step[step] AS deals,
            won_with_step[step] AS won,
            if(among = 'all', closed, with_step[among]) - deals AS other_deals,
            if(among = 'all', closed_won, won_with_step[among]) - won AS other_won
        FROM summed
        ARRAY JOIN mapKeys(with_step) AS step
    ),
    rated AS
    (
        SELECT
            *,
            rate_of(won, deals) AS win_rate,
            wilson_low(won, deals) AS win_rate_low,
            wilson_high(won, deals) AS win_rate_high,
            rate_of(other_won, other_deals) AS other_rate,
            wilson_low(other_won, other_deals) AS other_rate_low,
            wilson_high(other_won, other_deals) AS other_rate_high
        FROM counted
    ),
    compared AS
    (
        SELECT
            *,
            win_rate - other_rate AS difference,
            difference_low(win_rate, win_rate_low, win_rate_high, other_rate, other_rate_low, other_rate_high) AS difference_low,
            difference_high(win_rate, win_rate_low, win_rate_high, other_rate, other_rate_low, other_rate_high) AS difference_high
        FROM rated
    )
SELECT
    slice,
    period,
    step,
    among,
    deals,
    won,
    win_rate,
    win_rate_low,
    win_rate_high,
    other_deals,
    other_won,
    other_rate,
    other_rate_low,
    other_rate_high,
    difference,
    difference_low,
    difference_high,
    distinguishable(difference_low, difference_high) AS distinguishable
FROM compared
ORDER BY period, slice, step
