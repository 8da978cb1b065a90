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
--         SELECT deal FROM sliced((SELECT *, until() AS ends FROM deals), rep = owner, account = account, deal = deal, product = product, at = ends)
--         WHERE slice = row.slice AND has(changes.pipeline, row.pipeline)
--         AND (has(changes.currency, row.currency) OR row.currency = '')
--     )
WITH
    -- What hangs on one another is worked out in parts: an expression is planned wherever it is named.
    steps AS
    (
        SELECT
            slice,
            at < begins AS earlier,
            local_day(greatest(at, begins)) AS day,
            local_day(ends) AS end_day,
            status,
            status_before,
            if(told_pipeline = '', first_pipeline, told_pipeline) AS pipeline,
            if(told_pipeline_before = '', first_pipeline, told_pipeline_before) AS pipeline_before,
            if(told_currency = '', first_currency, told_currency) AS currency,
            if(told_currency_before = '', first_currency, told_currency_before) AS currency_before,
            ifNull(amount, 0) AS worth,
            ifNull(amount_before, 0) AS worth_before,
            if(status = 'open' AND status_before = 'open', expected_close, NULL) AS expected,
            expected_before
        FROM
        (
            SELECT
                slice,
                begins,
                ends,
                changes,
                arrayFirst((told, at) -> told != '' AND at <= ends, changes.pipeline, changes.at) AS first_pipeline,
                arrayFirst((told, at) -> told != '' AND at <= ends, changes.currency, changes.at) AS first_currency
            FROM sliced((SELECT deal, account, owner, product, changes, since() AS begins, until() AS ends FROM deals), rep = owner, account = account, deal = deal, product = product, at = ends)
        )
        ARRAY JOIN
            changes.at AS at,
            changes.status AS status,
            changes.pipeline AS told_pipeline,
            changes.currency AS told_currency,
            changes.amount AS amount,
            changes.expected_close AS expected_close,
            arrayShiftRight(changes.status, 1) AS status_before,
            arrayShiftRight(changes.pipeline, 1) AS told_pipeline_before,
            arrayShiftRight(changes.currency, 1) AS told_currency_before,
            arrayShiftRight(changes.amount, 1) AS amount_before,
            arrayShiftRight(changes.expected_close, 1) AS expected_before
        WHERE at <= ends AND (status != status_before OR status = 'open')
    ),
    dated AS
    (
        SELECT
            *,
            period_of(day, NULL) AS period
        FROM steps
        WHERE status != status_before OR worth != worth_before OR currency != currency_before
            OR pipeline != pipeline_before OR expected != expected_before
    ),
    bounded AS
    (
        SELECT
            *,
            if(period IS NULL, end_day, periods_after(assumeNotNull(period), 1, 'day') - 1) AS last_day
        FROM dated
    ),
    -- Steps that are alike are one row: what they moved is worked out for few.
    alike AS
    (
        SELECT
            slice,
            period,
            earlier,
            status,
            status_before,
            pipeline,
            pipeline_before,
            currency,
            currency_before,
            -- 1 where the close was pulled in, -1 where it was pushed out.
            ifNull((expected_before > last_day) - (expected > last_day), 0) AS shift,
            toInt64(count()) AS deals,
            sum(bounded.worth) AS worth,
            sum(bounded.worth_before) AS worth_before,
            sumIf(bounded.worth - bounded.worth_before, bounded.worth > bounded.worth_before) AS gain,
            countIf(bounded.worth > bounded.worth_before) AS gains,
            countIf(bounded.worth < bounded.worth_before) AS losses
        FROM bounded
        GROUP BY slice, period, earlier, status, status_before, pipeline, pipeline_before, currency, currency_before, shift
    ),
    -- A deal that moves leaves one row and enters another.
    moves AS
    (
        SELECT
            slice,
            period,
            if(side = 'out', alike.pipeline_before, alike.pipeline) AS pipeline,
            if(side = 'out', alike.currency_before, alike.currency) AS currency,
            side,
            NOT earlier AS counts,
            status_before NOT IN ('open', status) AS enters,
            side != 'in' AND status_before = 'open' AS was_open,
            side != 'out' AND status = 'open' AS is_open,
            counts AND side = 'stays' AND was_open AS keeps,
            counts AND side != 'out' AND (status_before = 'open' OR enters) AS goes,
            if(is_open, worth, 0) - if(was_open, worth_before, 0) AS net,
            if(is_open, deals, 0) - if(was_open, deals, 0) AS net_deals,
            status,
            status_before,
            shift,
            deals,
            worth,
            worth_before,
            gain,
            gains,
            losses
        FROM alike
        ARRAY JOIN if(
            status_before = 'open' AND (alike.pipeline != pipeline_before OR alike.currency != currency_before),
            ['out', 'in'], ['stays']
        ) AS side
    ),
    summed AS
    (
        SELECT
            slice,
            period,
            pipeline,
            currency,
            sumIf(net, NOT counts) AS stock,
            sumIf(net, counts) AS movement,
            sumIf(net_deals, NOT counts) AS stock_deals,
            sumIf(net_deals, counts) AS movement_deals,
            sumIf(worth, counts AND enters AND status_before = '') AS opened,
            sumIf(worth, counts AND enters AND status_before != '') AS reopened,
            sumIf(worth, counts AND side = 'in') AS moved_in,
            sumIf(gain, keeps) AS grown,
            sumIf(gain - worth + worth_before, keeps) AS shrunk,
            sumIf(worth, goes AND status = 'won') AS won,
            sumIf(worth, goes AND status = 'lost') AS lost,
            sumIf(worth_before, counts AND side = 'out') AS moved_out,
            sumIf(deals, counts AND enters AND status_before = '') AS opened_deals,
            sumIf(deals, counts AND enters AND status_before != '') AS reopened_deals,
            sumIf(deals, counts AND side = 'in') AS moved_in_deals,
            sumIf(gains, keeps) AS grown_deals,
            sumIf(losses, keeps) AS shrunk_deals,
            sumIf(deals, goes AND status = 'won') AS won_deals,
            sumIf(deals, goes AND status = 'lost') AS lost_deals,
            sumIf(deals, counts AND side = 'out') AS moved_out_deals,
            sumIf(worth, keeps AND shift = 1) AS pulled_in,
            sumIf(worth, keeps AND shift = -1) AS pushed_out,
            sumIf(deals, keeps AND shift = 1) AS pulled_in_deals,
            sumIf(deals, keeps AND shift = -1) AS pushed_out_deals
        FROM moves
        GROUP BY slice, period, pipeline, currency
    ),
    so_far AS
    (
        SELECT
            *,
            sum(summed.stock + summed.movement) OVER before AS total,
            sum(summed.stock_deals + summed.movement_deals) OVER before AS total_deals
        FROM summed
        WINDOW before AS (PARTITION BY slice, pipeline, currency ORDER BY period ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    )
SELECT
    slice,
    period,
    pipeline,
    currency,
    total - movement AS opening,
    opened,
    reopened,
    moved_in,
    grown,
    shrunk,
    won,
    lost,
    moved_out,
    total AS closing,
    total_deals - movement_deals AS opening_deals,
    opened_deals,
    reopened_deals,
    moved_in_deals,
    grown_deals,
    shrunk_deals,
    won_deals,
    lost_deals,
    moved_out_deals,
    total_deals AS closing_deals,
    pulled_in,
    pushed_out,
    pulled_in_deals,
    pushed_out_deals
FROM so_far
WHERE total_deals - movement_deals + opened_deals + reopened_deals + moved_in_deals > 0
ORDER BY period, slice, pipeline, currency
