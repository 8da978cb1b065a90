-- One quota per sales person and date of the quota calendar, which all of them share.
WITH
    days AS (
        SELECT DISTINCT toDate(parseDateTimeOrNull(Date, '%Y-%m-%d', 'UTC')) AS day
        FROM quotas
        WHERE toDate(parseDateTimeOrNull(Date, '%Y-%m-%d', 'UTC')) IS NOT NULL
    ),
    calendar AS (
        SELECT
            day,
            lag(day) OVER (ORDER BY day) AS day_before,
            lead(day) OVER (ORDER BY day) AS day_after
        FROM days
    )
SELECT
    'sales.quota.set.v1' AS type,
    'quota/' || q.EmployeeKey || '/' || q.Date AS id,
    toDate(parseDateTimeOrNull(q.Date, '%Y-%m-%d', 'UTC')) AS time,
    'employee-' || q.EmployeeKey AS subject,
    'employee-' || q.EmployeeKey AS actor,
    c.day AS period_start,
    coalesce(c.day_after, c.day + (c.day - c.day_before)) - 1 AS period_end,
    'purchase_amount' AS measure,
    q.SalesAmountQuota AS amount,
    'USD' AS currency,
    q._file AS _file,
    q._row AS _row
FROM quotas AS q
LEFT JOIN calendar AS c ON c.day = toDate(parseDateTimeOrNull(q.Date, '%Y-%m-%d', 'UTC'))
ORDER BY q._row
