-- What the views were made from: when it is the same at the next start, they are left as they are.
CREATE TABLE IF NOT EXISTS sales_store.deployed
(
    one         UInt8 COMMENT 'always 1: there is one row',
    fingerprint String COMMENT 'digest of every view as it was made',
    made_at     DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC') COMMENT 'when they were made'
)
ENGINE = ReplacingMergeTree(made_at)
ORDER BY one
COMMENT 'What the views were made from'
