-- The pipeline of the CRM, known from the first dated row of the export on.
SELECT
    'sales.pipeline.defined.v1' AS type,
    'pipeline/maven-crm' AS id,
    min(toDate(parseDateTimeOrNull(engage_date, '%Y-%m-%d', 'UTC'))) AS time,
    'maven-crm' AS subject,
    'maven-crm' AS pipeline,
    [
        ('Prospecting', 1, 'open'),
        ('Engaging', 2, 'open'),
        ('Won', 3, 'won'),
        ('Lost', 4, 'lost')
    ]::Array(Tuple(name String, position UInt8, kind String)) AS stages
FROM sales_pipeline
