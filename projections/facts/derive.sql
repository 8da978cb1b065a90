-- The live events of all types but those that are frequent, or that another table keeps one by one.
-- Of the frequent ones, contacts with a lead are facts too: no other table knows leads.
--
-- An event that alone is about itself never was another; one that others are about may have been a
-- fact before a correction or a conflict, so it is written even where it is none, as deleted.
SELECT
    type,
    filed_day,
    reinterpretAsUInt128(sipHash128(filed_actor, filed_home, key, deal, account, source, id)) AS place,
    time,
    sequence,
    source,
    id,
    actor AS rep,
    account,
    deal,
    subject,
    recorded_at,
    data,
    positions AS version,
    NOT (live AND rare) AS is_deleted
FROM
(
    SELECT
        *,
        multiIf(
            startsWith(type, 'sales.call.') OR startsWith(type, 'sales.email.'), lead IS NOT NULL,
            startsWith(type, 'sales.deal.opened.') OR startsWith(type, 'sales.deal.stage_changed.')
                OR startsWith(type, 'sales.deal.amount_changed.') OR startsWith(type, 'sales.deal.won.')
                OR startsWith(type, 'sales.deal.lost.') OR startsWith(type, 'sales.quota.set.')
                OR startsWith(type, 'sales.quota.revised.') OR startsWith(type, 'sales.pipeline.')
                OR startsWith(type, 'sales.signal.'), 0,
            1
        ) AS rare
    FROM effective
)
WHERE rare OR positions > 1
