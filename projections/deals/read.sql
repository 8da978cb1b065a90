-- One row per deal as people read it.
SELECT
    account, deal, pipeline, stage, status, owner, amount, currency, product, lead,
    opened_at, closed_at, stage_since, expected_close, reason, competitor, path, changes, last_event_at, events, key
FROM rows
