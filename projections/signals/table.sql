-- Derived signals, one row per home and account.
CREATE TABLE $table
(
    key        String COMMENT 'partition key: the home of the signals',
    account    String COMMENT 'customer account, empty where none',
    steps      Array(Tuple(
        time DateTime64(6, 'UTC'), step LowCardinality(String), signal String, rule String, evidence String,
        actor String, note String, outcome String, source String)) COMMENT 'what became of its signals, in order',
    version    UInt64 COMMENT 'tape positions read to make the row',
    is_deleted UInt8 COMMENT '1 where no signal is left'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (key, account)
COMMENT 'What became of the signals of each account, per home'
