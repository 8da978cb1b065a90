-- One row per event. In a question, every payload field that its text names is a column beside
-- these.
--
-- * day: day it happened, after correction
-- * moment: its place in the order of all events
SELECT
    type, time, toDate32(time) AS day, sequence, source, id, rep, account, deal, subject, recorded_at, data,
    (time, sequence, source, id) AS moment
FROM rows
