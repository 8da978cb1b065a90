-- Derived slices of a rep's work, one per day the events were filed under and rep. The facts name
-- the day that holds after corrections; the reading sums by that one.
CREATE TABLE $table
(
    filed_day  Date32 COMMENT 'day the events are filed under',
    rep        String COMMENT 'sales rep',
    facts      Array(Tuple(
        day Date32, currency String,
        calls UInt64, emails UInt64, meetings UInt64, activities UInt64, leads UInt64,
        deals_opened UInt64, wins UInt64, won_amount Decimal(38, 9), losses UInt64,
        purchases UInt64, purchase_amount Decimal(38, 9), returns UInt64, return_amount Decimal(38, 9),
        events UInt64)) COMMENT 'facts by day and currency',
    version    UInt64 COMMENT 'tape positions read to make the row',
    is_deleted UInt8 COMMENT '1 where no event is left'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (filed_day, rep)
COMMENT 'What each rep did and sold on each day, in slices that add up'
