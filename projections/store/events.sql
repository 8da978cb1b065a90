-- The ledger: every valid record of the tape, one row per tape position.
-- Repeats, conflicts and amendments stay visible here and are judged when read (effective.sql).
-- Its granules are small: what is read are keys, here and there.
-- Amendments are filed under their target's time, beside their target.
CREATE TABLE IF NOT EXISTS sales_store.events
(
    key           String COMMENT 'partition key: the home of what the event is about',
    deal          String COMMENT 'deal, empty where none',
    filed_time    DateTime64(6, 'UTC') COMMENT 'time of the event; of an amendment the time of its target',
    time          DateTime64(6, 'UTC') COMMENT 'when it happened',
    sequence      UInt64 COMMENT 'breaks ties of time',
    source        LowCardinality(String) COMMENT 'where the event comes from',
    id            String COMMENT 'names the event together with source',
    partition     UInt32 COMMENT 'partition of the tape',
    offset        UInt64 COMMENT 'place in the partition',
    recorded_at   DateTime64(6, 'UTC') COMMENT 'when the tape learnt it',
    kind          UInt8 COMMENT '0 event, 1 correction, 2 retraction',
    type          LowCardinality(String) COMMENT 'type of the event, current version',
    subject       String COMMENT 'what the event is about',
    account       String COMMENT 'customer account, empty where none',
    actor         String COMMENT 'sales rep, empty where none',
    correlationid String COMMENT 'correlation id, empty where none',
    causationid   String COMMENT 'causation id, empty where none',
    traceparent   String COMMENT 'W3C trace context, empty where none',
    ref_source    LowCardinality(String) COMMENT 'source of the target of an amendment',
    ref_id        String COMMENT 'id of the target of an amendment',
    ref_type      LowCardinality(String) COMMENT 'type of the target of an amendment',
    corrected_time DateTime64(6, 'UTC') COMMENT 'time of the target as corrected',
    corrected_data String COMMENT 'payload of the target as corrected, JSON',
    data          String COMMENT 'payload as the model writes it, JSON',
    digest        FixedString(16) ALIAS substring(SHA256(concatWithSeparator('\0',
        toString(toUnixTimestamp64Micro(time)), toString(sequence), source, id, type, subject, account,
        deal, actor, correlationid, causationid, data)), 1, 16)
        COMMENT 'digest of the content: equal for repeats, different for conflicts',
    INDEX by_id id TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX by_deal deal TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_account account TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree
ORDER BY (key, deal, filed_time, sequence, source, id, partition, offset)
SETTINGS index_granularity = 1024, max_compress_block_size = 131072, merge_selector_base = 8
COMMENT 'The ledger: every valid record of the tape, judged when read'
