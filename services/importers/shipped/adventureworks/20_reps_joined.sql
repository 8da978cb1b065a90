-- The sales people, from the day they were hired.
SELECT
    'sales.rep.joined.v1' AS type,
    'rep/' || EmployeeKey || '/joined' AS id,
    toDate(parseDateTimeOrNull(HireDate, '%Y-%m-%d', 'UTC')) AS time,
    'employee-' || EmployeeKey AS subject,
    'employee-' || EmployeeKey AS actor,
    FirstName || ' ' || LastName AS name,
    Title AS role,
    'employee-' || ParentEmployeeKey AS manager,
    _file,
    _row
FROM employees
WHERE SalesPersonFlag = '1'
