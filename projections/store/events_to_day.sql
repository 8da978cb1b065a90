-- Copies every row into the second reading; a pure copy, which cannot fail on a value.
CREATE MATERIALIZED VIEW IF NOT EXISTS sales_store.events_to_day TO sales_store.events_by_day
AS SELECT * FROM sales_store.events
