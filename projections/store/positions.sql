-- How far each generation of each derived table has followed the tape.
CREATE TABLE IF NOT EXISTS sales_store.positions
(
    generation LowCardinality(String) COMMENT 'name of the stored table, such as deals__1a2b3c4d',
    partition  UInt32 COMMENT 'partition of the tape',
    position   UInt64 COMMENT 'offset of the next record to derive from'
)
ENGINE = ReplacingMergeTree(position)
ORDER BY (generation, partition)
COMMENT 'How far each generation of each derived table has followed the tape'
