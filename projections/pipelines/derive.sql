-- The last definition of a pipeline holds, in the order (time, sequence, source, id).
SELECT
    key,
    arrayMap(
        d -> CAST((d.2, d.3, d.1.1), 'Tuple(pipeline String, stages String, defined_at DateTime64(6, \'UTC\'))'),
        arraySort(groupArrayIf(
            ((time, sequence, source, id), assumeNotNull(pipeline), assumeNotNull(stages)),
            live AND type = 'sales.pipeline.defined.v1'
        ))
    ) AS definitions,
    sum(positions) AS version,
    countIf(live AND type = 'sales.pipeline.defined.v1') = 0 AS is_deleted
FROM effective
GROUP BY key
