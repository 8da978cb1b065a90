-- The watermark: written only after the inserts into events and tape have both returned.
CREATE TABLE IF NOT EXISTS sales_store.appended
(
    partition UInt32 COMMENT 'partition of the tape',
    position  UInt64 COMMENT 'offset of the next record to append; all before it are in the ledger'
)
ENGINE = ReplacingMergeTree(position)
ORDER BY partition
COMMENT 'How much of each partition of the tape is in the ledger'
