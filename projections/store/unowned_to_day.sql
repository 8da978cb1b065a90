-- Copies what names no rep into the second reading too, where it is read by day and home.
CREATE MATERIALIZED VIEW IF NOT EXISTS sales_store.unowned_to_day TO sales_store.events_by_day
AS SELECT * FROM sales_store.events WHERE actor = ''
