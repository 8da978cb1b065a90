-- One row per record that lost.
SELECT key, partition, offset, source, id, type, day, actor, recorded_at FROM rows
