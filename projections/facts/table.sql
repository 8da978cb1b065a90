-- Events of all types but the frequent ones, filed by type so that a question reads only what it
-- names. One row per event and home; `place` stands for what else names a row, since comparing
-- sixteen bytes is cheaper than comparing seven names.
CREATE TABLE $table
(
    type        LowCardinality(String) COMMENT 'type of the event',
    filed_day   Date32 COMMENT 'day the event is filed under',
    place       UInt128 COMMENT 'hash of home, source and id',
    time        DateTime64(6, 'UTC') COMMENT 'when it happened, after correction',
    sequence    UInt64 COMMENT 'breaks ties of time',
    source      LowCardinality(String) COMMENT 'where the event comes from',
    id          String COMMENT 'names the event together with source',
    rep         String COMMENT 'sales rep, empty where none',
    account     String COMMENT 'customer account, empty where none',
    deal        String COMMENT 'deal, empty where none',
    subject     String COMMENT 'what the event is about, empty where not told',
    recorded_at DateTime64(6, 'UTC') COMMENT 'when the tape learnt it',
    data        String COMMENT 'payload, JSON',
    version     UInt64 COMMENT 'tape positions read to make the row',
    is_deleted  UInt8 COMMENT '1 where the event counts no more, or counts elsewhere'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (type, filed_day, place)
SETTINGS index_granularity = 1024
COMMENT 'What happened, by type'
