-- One row per pipeline and stage, of the pipeline's last definition.
--
-- * pipeline: pipeline
-- * stage: one of its stages
-- * position: place of the stage in the pipeline, from 1
-- * kind: open, won or lost
-- * defined_at: when the pipeline was last defined
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
