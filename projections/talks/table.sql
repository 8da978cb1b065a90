-- Derived slices of conversations, one per day the events were filed under and rep.
CREATE TABLE $table
(
    filed_day  Date32 COMMENT 'day the events are filed under',
    rep        String COMMENT 'sales rep',
    talks      Array(Tuple(
        time DateTime64(6, 'UTC'), kind LowCardinality(String), account String, deal String,
        lead String, contact String, cold Bool,
        who_kind LowCardinality(String), who String)) COMMENT 'conversations, in order',
    version    UInt64 COMMENT 'tape positions read to make the row',
    is_deleted UInt8 COMMENT '1 where no conversation is left'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (filed_day, rep)
COMMENT 'Conversations: when, by which rep, and with whom'
