-- Derived quotas, one row per home and rep.
CREATE TABLE $table
(
    key        String COMMENT 'partition key: the home of the quotas',
    rep        String COMMENT 'sales rep',
    quotas     Array(Tuple(
        set_at DateTime64(6, 'UTC'), measure String, period_start Date32, period_end Date32,
        amount Decimal(38, 9), currency String, source String)) COMMENT 'quotas in the order they were set',
    version    UInt64 COMMENT 'tape positions read to make the row',
    is_deleted UInt8 COMMENT '1 where no quota is left'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (key, rep)
COMMENT 'Quotas of each rep, as set, per home'
