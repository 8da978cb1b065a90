-- How the open pipeline became what it is: from its value at the start of a range to that at its end.
--
-- opening + opened + reopened + moved_in + grown - shrunk - won - lost - moved_out = closing, to the
-- last digit, and the closing of a period is the opening of the next one that has a row. The range is
-- what since and until say, both days belonging to it; without them it is all that happened until
-- now. A deal is worth its amount as last told and nothing before that; until then it counts in the
-- first currency it tells by the end of the range. What its closing tells it is worth is what was won
-- or lost; by how much that differs from before has grown or shrunk. A deal that tells its first
-- event by closing, or that closes another way than before, was open for that moment. A second change
-- of one deal in a range is a second movement: nothing is netted. A changed amount of a closed deal
-- moves nothing, until it is reopened. Close dates that are pulled in or pushed out leave the value
-- as it is, and are told beside it. Deals are sliced by whom and what they belong to at the end of
-- the range, so that no slice hands a deal to another. Whether what is open will be won, it does not
-- say.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period the movements happened in, NULL where none is asked for
-- * pipeline: pipeline the deals run through
-- * currency: currency of the values, empty where the deals tell none
-- * opening: value open just before the range
-- * opened: value of deals opened, as opened
-- * reopened: value of closed deals taken up again
-- * moved_in: value of open deals that came from another pipeline or currency
-- * grown: what open deals gained in value
-- * shrunk: what open deals lost in value
-- * won: value of deals won
-- * lost: value of deals lost
-- * moved_out: value of open deals that went to another pipeline or currency
-- * closing: value open at the end of the range
-- * opening_deals: deals open just before the range
-- * opened_deals: deals opened
-- * reopened_deals: deals taken up again
-- * moved_in_deals: deals that came from another pipeline or currency
-- * grown_deals: gains in value, of open deals
-- * shrunk_deals: losses in value, of open deals
-- * won_deals: deals won
-- * lost_deals: deals lost
-- * moved_out_deals: deals that went to another pipeline or currency
-- * closing_deals: deals open at the end of the range
-- * pulled_in: value of open deals whose expected close moved from after the range to before its end
-- * pushed_out: value of open deals whose expected close moved from before its end to after the range
-- * pulled_in_deals: how often a close date was pulled in so
-- * pushed_out_deals: how often one was pushed out so
--
-- key: slice, period, pipeline, currency
-- why: startsWith(type, 'sales.deal.') AND deal IN
--     (
--         SELECT deal FROM sliced(deals, rep = owner, account = account, deal = deal, product = product, at = until())
--         WHERE slice = row.slice AND has(changes.pipeline, row.pipeline)
--         AND (has(changes.currency, row.currency) OR row.currency = '')
--     )
WITH
    steps AS
    (
        SELECT
            slice,
            step,
            before,
            arrayFirst(change -> change.pipeline != '', known).pipeline AS first_pipeline,
            arrayFirst(change -> change.currency != '', known).currency AS first_currency
        FROM
        (
            SELECT slice, arrayFilter(change -> change.at <= until(), changes) AS known
            FROM sliced(deals, rep = owner, account = account, deal = deal, product = product, at = until())
        )
        ARRAY JOIN known AS step, arrayShiftRight(known, 1) AS before
    ),
    told AS
    (
        SELECT
            slice,
            step.status AS status,
            before.status AS status_before,
            (if(step.pipeline = '', first_pipeline, step.pipeline), if(step.currency = '', first_currency, step.currency)) AS place,
            (if(before.pipeline = '', first_pipeline, before.pipeline), if(before.currency = '', first_currency, before.currency)) AS place_before,
            ifNull(step.amount, 0) AS worth,
            ifNull(before.amount, 0) AS worth_before,
            step.at < since() AS earlier,
            step.expected_close AS expected,
            before.expected_close AS expected_before,
            -- The periods of the step and of both days it was expected to close.
            arrayMap(
                day -> CAST(multiIf(
                    period() = 'day', day,
                    period() = 'week', first_day(day, 'week'),
                    period() = 'month', first_day(day, 'month'),
                    period() = 'quarter', first_day(day, 'quarter'),
                    period() = 'year', first_day(day, 'year'),
                    NULL
                ), 'Nullable(Date32)'),
                [toNullable(local_day(greatest(step.at, since()))), expected, expected_before]
            ) AS periods
        FROM steps
    ),
    -- A deal that moves leaves one row and enters another.
    moves AS
    (
        SELECT
            slice,
            periods[1] AS period,
            side,
            if(side = 'out', told.place_before, told.place) AS place,
            NOT earlier AS counts,
            side != 'in' AND status_before = 'open' AS was_open,
            side != 'out' AND status = 'open' AS is_open,
            status_before NOT IN ('open', status) AS enters,
            side != 'out' AND (status_before = 'open' OR enters) AND counts AS goes,
            worth,
            worth_before,
            if(is_open, worth, 0) - if(was_open, worth_before, 0) AS net,
            toInt64(is_open) - toInt64(was_open) AS net_deals,
            counts AND side = 'stays' AND was_open AS keeps,
            if(period() = '', expected > local_day(until()), periods[2] > periods[1]) AS later,
            if(period() = '', expected_before > local_day(until()), periods[3] > periods[1]) AS later_before,
            status,
            status_before
        FROM told
        ARRAY JOIN if(status_before = 'open' AND told.place != place_before, ['out', 'in'], ['stays']) AS side
        WHERE enters OR status_before = 'open'
    ),
    summed AS
    (
        SELECT
            slice,
            period,
            place,
            sumIf(net, NOT counts) AS stock,
            sumIf(net, counts) AS movement,
            sumIf(net_deals, NOT counts) AS stock_deals,
            sumIf(net_deals, counts) AS movement_deals,
            sumIf(worth, counts AND enters AND status_before = '') AS opened,
            sumIf(worth, counts AND enters AND status_before != '') AS reopened,
            sumIf(worth, counts AND side = 'in') AS moved_in,
            sumIf(worth - worth_before, keeps AND worth > worth_before) AS grown,
            sumIf(worth_before - worth, keeps AND worth < worth_before) AS shrunk,
            sumIf(worth, goes AND status = 'won') AS won,
            sumIf(worth, goes AND status = 'lost') AS lost,
            sumIf(worth_before, counts AND side = 'out') AS moved_out,
            countIf(counts AND enters AND status_before = '') AS opened_deals,
            countIf(counts AND enters AND status_before != '') AS reopened_deals,
            countIf(counts AND side = 'in') AS moved_in_deals,
            countIf(keeps AND worth > worth_before) AS grown_deals,
            countIf(keeps AND worth < worth_before) AS shrunk_deals,
            countIf(goes AND status = 'won') AS won_deals,
            countIf(goes AND status = 'lost') AS lost_deals,
            countIf(counts AND side = 'out') AS moved_out_deals,
            sumIf(worth, keeps AND is_open AND later_before AND NOT later) AS pulled_in,
            sumIf(worth, keeps AND is_open AND NOT later_before AND later) AS pushed_out,
            countIf(keeps AND is_open AND later_before AND NOT later) AS pulled_in_deals,
            countIf(keeps AND is_open AND NOT later_before AND later) AS pushed_out_deals
        FROM moves
        GROUP BY slice, period, place
    )
SELECT
    slice,
    period,
    place.1 AS pipeline,
    place.2 AS currency,
    sum(stock + movement) OVER so_far - movement AS opening,
    opened,
    reopened,
    moved_in,
    grown,
    shrunk,
    won,
    lost,
    moved_out,
    opening + movement AS closing,
    sum(stock_deals + movement_deals) OVER so_far - movement_deals AS opening_deals,
    opened_deals,
    reopened_deals,
    moved_in_deals,
    grown_deals,
    shrunk_deals,
    won_deals,
    lost_deals,
    moved_out_deals,
    opening_deals + movement_deals AS closing_deals,
    pulled_in,
    pushed_out,
    pulled_in_deals,
    pushed_out_deals
FROM summed
WINDOW so_far AS (PARTITION BY slice, place ORDER BY period ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
QUALIFY opening_deals + opened_deals + reopened_deals + moved_in_deals > 0
ORDER BY period, slice, pipeline, currency
