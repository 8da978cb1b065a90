-- Derived rows of deals, one per home and deal.
CREATE TABLE $table
(
    key             String COMMENT 'partition key the deal is at home in',
    deal            String COMMENT 'id of the deal',
    account         String COMMENT 'customer account, empty while unknown',
    pipeline        LowCardinality(String) COMMENT 'pipeline it runs through',
    stage           LowCardinality(String) COMMENT 'stage it is in, or was in when it closed',
    status          LowCardinality(String) COMMENT 'open, won or lost',
    owner           String COMMENT 'rep who owns it',
    amount          Nullable(Decimal(38, 9)) COMMENT 'value, as last told',
    currency        LowCardinality(String) COMMENT 'ISO 4217 code of amount, empty where unknown',
    product         String COMMENT 'product, empty where unknown',
    lead            String COMMENT 'lead it came from, empty where unknown',
    opened_at       DateTime64(6, 'UTC') COMMENT 'when it was opened',
    closed_at       Nullable(DateTime64(6, 'UTC')) COMMENT 'when it was won or lost',
    stage_since     DateTime64(6, 'UTC') COMMENT 'since when it is in its stage',
    expected_close  Nullable(Date32) COMMENT 'day it is expected to close',
    reason          String COMMENT 'why it was won or lost, empty where unknown',
    competitor      String COMMENT 'who won instead, empty where unknown',
    path            Array(Tuple(stage LowCardinality(String), entered_at DateTime64(6, 'UTC'))) COMMENT 'stages in the order they were entered',
    changes         Array(Tuple(at DateTime64(6, 'UTC'), status LowCardinality(String), pipeline LowCardinality(String), stage LowCardinality(String), amount Nullable(Decimal(38, 9)), currency LowCardinality(String), expected_close Nullable(Date32))) COMMENT 'what it was from when on, in order, first as it was opened',
    last_event_at   DateTime64(6, 'UTC') COMMENT 'time of its last event',
    events          UInt64 COMMENT 'how many live events it has',
    version         UInt64 COMMENT 'tape positions read to make the row',
    is_deleted      UInt8 COMMENT '1 where no event is left'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (key, deal)
SETTINGS max_compress_block_size = 131072
COMMENT 'Deals: where each stands, what it is worth, who owns it, and its way so far'
