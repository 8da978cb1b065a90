-- The history of every deal: its live events in order, each with both clocks.
--
-- The order is (time, sequence, source, id). A correction shows in the event it corrects, a
-- retracted event is left out; `salestape replay` shows those too.
--
-- * deal: deal the event belongs to
-- * step: place in the deal's history, from 1
-- * time: when it happened, after correction
-- * recorded_at: when the tape learnt it
-- * type: type of the event
-- * account: customer account, empty while unknown
-- * actor: sales rep
-- * stage: stage it names, NULL where it names none
-- * amount: amount it names, NULL where it names none
-- * currency: currency of the amount
-- * sequence: breaks ties of time
-- * source: where the event comes from
-- * id: names the event together with source
-- * corrected_at: when the tape learnt its correction, NULL where it has none
-- * data: payload, JSON
--
-- key: deal, step
-- why: deal = row.deal AND (time, sequence, source, id) <= (row.time, row.sequence, row.source, row.id)
-- explains: step, time, type, account, actor, stage, amount, currency, sequence, source, id, data
SELECT
    deal,
    row_number() OVER (PARTITION BY deal ORDER BY time, sequence, source, id) AS step,
    time,
    recorded_at,
    type,
    account,
    actor,
    stage,
    amount,
    currency,
    sequence,
    source,
    id,
    corrected_at,
    data
FROM events
WHERE deal != ''
ORDER BY deal, step
