-- Of the people talked to, how many bought.
--
-- A conversation is a call that reached somebody, a meeting, demo or visit held, or a conversation
-- recorded as such, by a rep and not by a machine. Who was talked to is the account; where it is not
-- known, the lead, the deal or the contact named; a conversation that names nobody is somebody new.
-- A lead or deal counts as the account it became. A buyer is somebody who bought, or whose deal was
-- won, on the day of the first conversation of the row or within 90 days after it. A row is mature
-- when those 90 days have gone by for everybody in it; before that the rate can only rise, and must
-- not be read as a fall. Both denominators are there: people talked to, and conversations held.
-- Whether the conversation made them buy, it does not say; customers who buy all the time anyway
-- count as well. Conversations without a rep are not known here.
--
-- * slice: value of the dimension asked for, empty where none is
-- * period: first day of the period the conversations were held in, NULL where none is asked for
-- * conversations: conversations held
-- * people: people talked to, each once
-- * buyers: those of them who bought within 90 days
-- * rate: buyers over people
-- * rate_low: lower end of its 95 % interval
-- * rate_high: upper end of its 95 % interval
-- * conversations_rate: buyers over conversations
-- * conversations_rate_low: lower end of its 95 % interval
-- * conversations_rate_high: upper end of its 95 % interval
-- * mature: 1 where 90 days have gone by for everybody, else 0
--
-- key: slice, period
-- formula: Wilson score interval (E. B. Wilson, JASA 22, 1927, 209-212)
-- why: (actor, time) IN
--     (
--         SELECT rep, time FROM sliced(talks, rep = rep, account = account, deal = deal, at = time)
--         WHERE slice = row.slice AND isNotDistinctFrom(period, row.period)
--     )
--     AND match(type, '^sales\\.(call|conversation|meeting|demo|visit)\\.')
--     OR type = 'sales.purchase.made.v1' AND account != '' AND account IN
--     (
--         SELECT arrayJoin([told.account, became.account]) AS account
--         FROM sliced(talks, rep = rep, account = account, deal = deal, at = time) AS told
--         LEFT ANY JOIN
--         (
--             SELECT account, arrayJoin([lead, if(key = deal, deal, '')]) AS origin FROM deals
--             WHERE account != '' AND (lead != '' OR key = deal)
--         ) AS became ON became.origin = if(told.lead != '', told.lead, told.deal)
--         WHERE told.slice = row.slice AND isNotDistinctFrom(told.period, row.period)
--     )
--     OR startsWith(type, 'sales.deal.') AND deal IN
--     (
--         SELECT deal FROM deals WHERE account != '' AND account IN
--         (
--             SELECT arrayJoin([told.account, became.account]) AS account
--             FROM sliced(talks, rep = rep, account = account, deal = deal, at = time) AS told
--             LEFT ANY JOIN
--             (
--                 SELECT account, arrayJoin([lead, if(key = deal, deal, '')]) AS origin FROM deals
--                 WHERE account != '' AND (lead != '' OR key = deal)
--             ) AS became ON became.origin = if(told.lead != '', told.lead, told.deal)
--             WHERE told.slice = row.slice AND isNotDistinctFrom(told.period, row.period)
--         )
--     )
WITH
    -- The names that are looked up later are few.
    named AS
    (
        SELECT
            slice,
            period,
            who_kind AS kind,
            who AS name,
            count() AS conversations,
            toDate32(min(time)) AS first_day
        FROM sliced(talks, rep = rep, account = account, deal = deal, at = time)
        GROUP BY slice, period, who_kind, who
    ),
    became AS
    (
        SELECT origin.1 AS kind, origin.2 AS name, min(account) AS account
        FROM
        (
            SELECT account, arrayJoin(arrayFilter(
                told -> told.2 != '',
                [('lead', lead), ('deal', if(key = deal, deal, ''))]
            )) AS origin
            FROM deals
            WHERE account != '' AND (lead != '' OR key = deal)
        )
        GROUP BY kind, name
    ),
    people AS
    (
        SELECT
            slice,
            period,
            if(became.account = '', named.kind, 'account') AS who_kind,
            if(became.account = '', named.name, became.account) AS who,
            sum(named.conversations) AS conversations,
            min(named.first_day) AS first_day
        FROM named
        LEFT ANY JOIN became ON became.kind = named.kind AND became.name = named.name
        GROUP BY slice, period, who_kind, who
    ),
    sold AS
    (
        SELECT account, groupArrayArray(days) AS days
        FROM
        (
            SELECT account, purchase_days AS days FROM accounts WHERE accounts.purchases > 0
            UNION ALL
            SELECT account, [toDate32(assumeNotNull(closed_at))] AS days FROM deals WHERE status = 'won' AND account != ''
        )
        GROUP BY account
    ),
    counted AS
    (
        SELECT
            slice,
            period,
            sum(people.conversations) AS conversations,
            sum(if(who_kind = '', people.conversations, 1)) AS people,
            countIf(who_kind = 'account' AND arrayExists(day -> day BETWEEN first_day AND first_day + 90, sold.days)) AS buyers,
            max(first_day) AS last_first_day
        FROM people
        LEFT ANY JOIN sold ON sold.account = people.who
        GROUP BY slice, period
    )
SELECT
    slice,
    period,
    conversations,
    people,
    buyers,
    rate_of(buyers, people) AS rate,
    wilson_low(buyers, people) AS rate_low,
    wilson_high(buyers, people) AS rate_high,
    rate_of(buyers, conversations) AS conversations_rate,
    wilson_low(buyers, conversations) AS conversations_rate_low,
    wilson_high(buyers, conversations) AS conversations_rate_high,
    toDate32(as_of()) > last_first_day + 90 AS mature
FROM counted
ORDER BY period, slice
