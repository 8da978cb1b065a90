-- Every record of the tape, good or bad, with its exact bytes.
CREATE TABLE IF NOT EXISTS sales_store.tape
(
    partition   UInt32 COMMENT 'partition of the tape',
    offset      UInt64 COMMENT 'place in the partition',
    recorded_at DateTime64(6, 'UTC') COMMENT 'when the tape learnt it',
    key         String COMMENT 'partition key the record was appended with',
    valid       UInt8 COMMENT '1 where the record is in the ledger',
    reason      String COMMENT 'why it is not',
    type        LowCardinality(String) COMMENT 'type of the event, empty where invalid',
    day         Date32 COMMENT 'day it is filed under, 1900-01-01 where invalid',
    actor       String COMMENT 'sales rep, empty where none',
    deal        String DEFAULT JSONExtractString(value, 'deal') COMMENT 'deal, empty where none',
    value       String COMMENT 'exact bytes',
    sha256      FixedString(32) DEFAULT SHA256(value) COMMENT 'SHA-256 of value'
)
ENGINE = ReplacingMergeTree
ORDER BY (partition, offset)
SETTINGS max_compress_block_size = 131072, merge_selector_base = 8
COMMENT 'Every record of the tape, good or bad, with its exact bytes'
