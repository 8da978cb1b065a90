-- Derived definitions of pipelines, one row per home.
CREATE TABLE $table
(
    key         String COMMENT 'partition key: the home of the definitions',
    definitions Array(Tuple(pipeline String, stages String, defined_at DateTime64(6, 'UTC'))) COMMENT 'last definition of each pipeline',
    version     UInt64 COMMENT 'tape positions read to make the row',
    is_deleted  UInt8 COMMENT '1 where no definition is left'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY key
COMMENT 'Pipelines and their ordered stages, as last defined, per home'
