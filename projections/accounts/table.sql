-- Derived rows of accounts, one per home and account: sums that the reading adds up. The few that
-- are at home elsewhere lie together, so that finding them is reading nothing else.
CREATE TABLE $table
(
    key               String COMMENT 'partition key the facts are at home in',
    account           String COMMENT 'customer account',
    elsewhere         UInt8 COMMENT '1 where they are at home with another than the account',
    names             Array(Tuple(told_at DateTime64(6, 'UTC'), name String, segment String, country String)) COMMENT 'last profile told, at most one',
    sources           Array(String) COMMENT 'sources of its events',
    currencies        Array(String) COMMENT 'currencies of its purchases and returns',
    purchases         UInt64 COMMENT 'purchases',
    purchase_total    Decimal(38, 9) COMMENT 'value of purchases, whatever the currency',
    purchase_values   Map(String, Decimal(38, 9)) COMMENT 'value of purchases by currency',
    returns           UInt64 COMMENT 'returns',
    return_total      Decimal(38, 9) COMMENT 'value of returns, whatever the currency, negative',
    return_values     Map(String, Decimal(38, 9)) COMMENT 'value of returns by currency, negative',
    first_purchase_at Nullable(DateTime64(6, 'UTC')) COMMENT 'time of the first purchase',
    last_purchase_at  Nullable(DateTime64(6, 'UTC')) COMMENT 'time of the last purchase',
    purchase_days     Array(Date32) COMMENT 'days with a purchase, in order',
    last_contact_at   Nullable(DateTime64(6, 'UTC')) COMMENT 'time of the last call, email or meeting',
    contact_days      Array(Date32) COMMENT 'days with a call, email or meeting, in order',
    payment_trouble_at Nullable(DateTime64(6, 'UTC')) COMMENT 'time of the last failed or overdue payment',
    paid_at           Nullable(DateTime64(6, 'UTC')) COMMENT 'time of the last payment received',
    ticket_escalated_at Nullable(DateTime64(6, 'UTC')) COMMENT 'time of the last escalation of a ticket',
    ticket_closed_at  Nullable(DateTime64(6, 'UTC')) COMMENT 'time of the last closing of a ticket',
    last_event_at     DateTime64(6, 'UTC') COMMENT 'time of the last event',
    events            UInt64 COMMENT 'live events',
    version           UInt64 COMMENT 'tape positions read to make the row',
    is_deleted        UInt8 COMMENT '1 where no event is left'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (elsewhere, account, key)
COMMENT 'Accounts: purchases, returns, rhythm and troubles, per home'
