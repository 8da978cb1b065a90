-- Which segment, country and territory each account belonged to, and from when until when.
--
-- As its creation and the changes of its profile tell; what a change leaves out stays as it was.
-- Spans of one account do not overlap, and each differs from the one before.
--
-- * account: customer account
-- * segment: its segment, empty where unknown
-- * country: its country, empty where unknown
-- * territory: territory it lies in, empty where unknown
-- * valid_from: since when it belongs there
-- * valid_to: time from which it belongs elsewhere, NULL where it still does
--
-- key: account, valid_from
-- why: type IN ('sales.account.created.v1', 'sales.account.profile_changed.v1') AND account = row.account
-- explains: segment, country, territory, valid_to
WITH
    told AS
    (
        SELECT
            account,
            time AS valid_from,
            ifNull(anyLast(facts.segment) OVER so_far, '') AS segment,
            ifNull(anyLast(facts.country) OVER so_far, '') AS country,
            ifNull(anyLast(facts.territory) OVER so_far, '') AS territory
        FROM facts
        WHERE type IN ('sales.account.created.v1', 'sales.account.profile_changed.v1') AND account != ''
        WINDOW so_far AS (PARTITION BY account ORDER BY time, sequence, source, id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
        ORDER BY account, moment DESC
        LIMIT 1 BY account, valid_from
    ),
    changes AS
    (
        SELECT *
        FROM
        (
            SELECT
                *,
                lagInFrame(toNullable((segment, country, territory)), 1, NULL) OVER (PARTITION BY account ORDER BY valid_from ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before
            FROM told
        )
        WHERE NOT ifNull(before = (segment, country, territory), 0)
    )
SELECT
    account,
    segment,
    country,
    territory,
    valid_from,
    leadInFrame(toNullable(valid_from), 1, NULL) OVER (PARTITION BY account ORDER BY valid_from ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS valid_to
FROM changes
ORDER BY account, valid_from
