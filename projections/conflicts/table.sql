-- Records in conflict: the same source and id, another content, recorded later. Once beaten, a
-- record stays beaten, so rows are only ever added.
CREATE TABLE $table
(
    key         String COMMENT 'partition key',
    partition   UInt32 COMMENT 'partition of the tape',
    offset      UInt64 COMMENT 'place in the partition',
    source      String COMMENT 'source of both records',
    id          String COMMENT 'id of both records',
    type        String COMMENT 'type of the record that lost',
    day         Date32 COMMENT 'day it is filed under',
    actor       String COMMENT 'rep it names',
    deal        String COMMENT 'deal it names, empty where none',
    recorded_at DateTime64(6, 'UTC') COMMENT 'when the tape learnt it',
    version     UInt64 COMMENT 'always 1: a row never changes',
    is_deleted  UInt8 COMMENT 'always 0'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (key, partition, offset)
COMMENT 'Records that lost against an earlier record of the same source and id with another content'
