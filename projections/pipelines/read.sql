-- One row per pipeline and stage, of the pipeline's last definition.
SELECT
    pipeline,
    rung.1 AS stage,
    rung.2 AS position,
    rung.3 AS kind,
    defined_at
FROM
(
    SELECT
        definition.pipeline AS pipeline,
        max(definition.defined_at) AS defined_at,
        arrayJoin(JSONExtract(
            argMax(definition.stages, definition.defined_at),
            'Array(Tuple(name String, position UInt64, kind String))'
        )) AS rung
    FROM (SELECT arrayJoin(definitions) AS definition FROM rows)
    GROUP BY pipeline
)
