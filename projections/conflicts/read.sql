-- One row per record that lost.
SELECT key, partition, offset, source, id, type, day, actor, deal, recorded_at FROM rows
