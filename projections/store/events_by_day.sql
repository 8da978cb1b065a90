-- The second reading of the ledger: the rows that name a rep, ordered by day and rep.
CREATE TABLE IF NOT EXISTS sales_store.events_by_day AS sales_store.events
ENGINE = ReplacingMergeTree
ORDER BY (toDate32(filed_time), actor, key, deal, filed_time, sequence, source, id, partition, offset)
COMMENT 'The ledger once more, for what is kept by rep and day'
