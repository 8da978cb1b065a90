-- The last definition of a pipeline holds, in the order (time, sequence, source, id).
SELECT
    key,
    arrayMap(
        d -> CAST((d.3, d.4, d.2), 'Tuple(pipeline String, stages String, defined_at DateTime64(6, \'UTC\'))'),
        arraySort(groupArrayIf(
            (moment, time, assumeNotNull(pipeline), assumeNotNull(stages)),
            live AND type = 'sales.pipeline.defined.v1'
        ))
    ) AS definitions,
    sum(positions) AS version,
    countIf(live AND type = 'sales.pipeline.defined.v1') = 0 AS is_deleted
FROM effective
GROUP BY key
