"""The forms of a question: one text, asked as of now or of two clocks, whole or in slices.

A question reads tables and questions by their bare names, the records as `tape`, the clock as
`as_of()`, and what it can be sliced by through `sliced(…)`. Each form puts in their place what it
asks for. The condition of a `why` is rendered by the same rules.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from projections import money
from projections.columns import parsed_once
from projections.macros import SHARED, MacroError, expand
from projections.registry import SOURCE, DefinitionError, Definitions, Question, without_comments
from projections.rendering import COLUMNS, fields_named, moment
from projections.slices import (
    Sliced,
    first_day,
    local_day,
    period_of,
    periods_after,
    since,
    until,
)

RECORDS = "sales_store.tape"
"""Every record, good or bad; one that was appended twice may stand there twice for a while."""
FACTS = "facts"
"""The table that a question reads with the payload fields it names as columns."""
CLOCK = "now64(6, 'UTC')"
"""What `as_of()` is where nobody asks for another."""
AT_PARAMETERS = "as_of = {as_of:String}, known_at = {known_at:String}"
FIRST = "toDateTime64('1900-01-01', 6, 'UTC')"
_TYPE = re.compile(r"'(sales(?:\.[a-z_]+)+?)\.(?:v[0-9]+)?'")


@dataclass(frozen=True, slots=True)
class Form:
    """One of the forms a question is asked in."""

    suffix: str
    """What the name of its view ends in."""
    at: bool
    """Whether it takes the two clocks, `as_of` and `known_at`."""
    sliced: bool
    """Whether it takes the parameters of slices."""
    told: str
    """What is said of it behind the summary of the question."""
    currency: str = ""
    """The currency that its money is told in; empty where each amount keeps its own."""


NOW = Form("", at=False, sliced=False, told="")
AT = Form("_at", at=True, sliced=False, told=" As of two clocks.")
BY = Form("_by", at=False, sliced=True, told=" In slices and periods.")
BY_AT = Form("", at=True, sliced=True, told="")


def forms_of(question: Question) -> Iterator[Form]:
    """Yield the forms that a question has a view of.

    None for slices as of two clocks: planning all that it could be sliced by, from the ledger,
    takes seconds. It is asked in the text for the one slice that is wanted.
    """
    yield from (NOW, AT)
    if question.is_sliced:
        yield BY


def question_in(
    form: Form, question: Question, definitions: Definitions, by: str | None = None
) -> str:
    """Return the text of a question in one of its forms. Raises `DefinitionError`.

    Where it is known what it is sliced `by`, nothing else is looked up: planning the look-ups that
    a slice does not need takes longer than answering.
    """
    try:
        return _asked(without_comments(question.sql), definitions, form, by)
    except MacroError as error:
        raise DefinitionError(f"{question.path}: {error}") from error


def why_not_converted(question: Question, definitions: Definitions) -> str | None:
    """Return why a question cannot tell its money in one currency, None where it can."""
    if reason := question.header.tags.get("currency"):
        return reason
    if any(money.OF_ALL_TIME.search(text) for _, text in _texts(question, definitions)):
        return "it is made of sums of all time, which have no day to take a rate of"
    tables, _ = made_of(question, definitions)
    if "currency" in question.comments and tables & money.TABLES.keys():
        return None
    return "it tells no money"


def only_named(sql: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return those parameters that a statement has a place for."""
    return {name: value for name, value in parameters.items() if f"{{{name}:" in sql}


def dimensions_of(question: Question, definitions: Definitions) -> tuple[str, ...]:
    """Return what a question can be sliced by, of the views that there are."""
    found = [one.dimensions(definitions.readable) for one in question.sliced]
    return tuple(name for name in (found[0] if found else ()) if all(name in one for one in found))


def periods_of(question: Question) -> tuple[str, ...]:
    """Return the periods that a question can be cut into."""
    found = [one.periods for one in question.sliced]
    return tuple(name for name in (found[0] if found else ()) if all(name in one for one in found))


def made_of(question: Question, definitions: Definitions) -> tuple[frozenset[str], frozenset[str]]:
    """Return the tables that a question reads, itself or through another, and the types it needs.

    A type is told without its version: events in an older form are shown in the present one. Those
    that a question says are optional are not among them.
    """
    tables, types = set(), set()
    for one, text in _texts(question, definitions):
        types |= set(_TYPE.findall(text)) - set(one.header.names("optional"))
        tables |= {match["name"] for match in SOURCE.finditer(text)} & definitions.tables.keys()
    return frozenset(tables), frozenset(types)


def _texts(question: Question, definitions: Definitions) -> Iterator[tuple[Question, str]]:
    """Yield a question with its text, and the questions that it reads with theirs."""
    unread = [question]
    while unread:
        one = unread.pop()
        text = _expanded(without_comments(one.sql), definitions, NOW)
        yield one, text
        named = {match["name"] for match in SOURCE.finditer(text)}
        unread += [definitions.questions[name] for name in named & definitions.questions.keys()]


BEHIND_COLUMNS = (
    "time", "type", "account", "deal", "actor", "subject", "sequence", "source", "id",
    "recorded_at", "corrected_at", "data",
)  # fmt: skip
"""What is told of the events behind a row."""
ROW = re.compile(r"\brow\.([A-Za-z_][A-Za-z0-9_]*)\b")


def events_behind(
    question: Question,
    definitions: Definitions,
    types: Mapping[str, str],
    form: Form,
    by: str | None = None,
) -> str:
    """Return the statement for the events behind one row of a question that has a `why`.

    `types` are the ClickHouse types of the row's columns. The parameter `row_<column>` takes the
    value of each column that the condition names, as `toString` tells it. Raises `DefinitionError`
    where it names another.
    """
    if question.why is None:
        raise DefinitionError(f"{question.path}: {question.header.why_not or 'it has no why'}")

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in types:
            raise DefinitionError(f"{question.path}: why names row.{name}, which is no column")
        return f"CAST({{row_{name}:Nullable(String)}}, '{quoted_type(types[name])}')"

    there = definitions.readable
    condition = ROW.sub(value, without_comments(question.why))
    if form.sliced:
        # What says who belonged where is behind the row as well.
        lookups = [one for read in question.sliced for one in read.lookups(there)]
        for lookup in dict.fromkeys(lookups):
            if by is not None and by not in lookup.dimensions:
                continue
            names = ", ".join(f"'{name}'" for name in lookup.dimensions)
            condition += f") OR ({{by:String}} IN ({names}) AND ({lookup.behind})"
    return _asked(
        f"SELECT {', '.join(BEHIND_COLUMNS)}\nFROM events\nWHERE ({condition})\n"
        "ORDER BY time, sequence, source, id",
        definitions,
        form,
        by,
    )


def row_columns(question: Question) -> tuple[str, ...]:
    """Return the columns of a row that the events behind it are found by."""
    return tuple(dict.fromkeys(ROW.findall(question.why or "")))


def quoted_type(kind: str) -> str:
    """Return a type as it stands in a text of SQL."""
    return kind.replace("\\", "\\\\").replace("'", "\\'")


def _asked(sql: str, definitions: Definitions, form: Form, by: str | None = None) -> str:
    """Return the text of a question in one of its forms."""
    expanded = _expanded(sql, definitions, form, by)
    if form.at or form.currency:
        return _with_questions_as_texts(expanded, definitions, form)
    return _reading(expanded, definitions.readable, RECORDS, _view)


def _view(name: str) -> str:
    return f"sales.{name}"


def _view_at(name: str) -> str:
    return f"sales.{name}_at({AT_PARAMETERS})"


def _expanded(sql: str, definitions: Definitions, form: Form, by: str | None = None) -> str:
    """Return the text with its macros put in place."""
    there, calendar = definitions.readable, definitions.calendar
    now = moment("as_of") if form.at else CLOCK

    def sliced(arguments: Sequence[str]) -> str:
        read = Sliced.read(arguments)
        return read.asked(there, calendar, by) if form.sliced else read.plain()

    return expand(
        sql,
        {
            **SHARED,
            "as_of": lambda _: now,
            "by": lambda _: "{by:String}" if form.sliced else "''",
            "period": lambda _: "{period:String}" if form.sliced else "''",
            "since": lambda _: since(calendar) if form.sliced else FIRST,
            "until": lambda _: f"least({until(calendar)}, {now})" if form.sliced else now,
            "reporting_currency": lambda _: f"'{calendar.currency}'",
            "first_day": lambda given: first_day(given[0], given[1].strip("'"), calendar),
            "period_of": lambda given: period_of(
                given[0], given[1].strip("'"), calendar, asked=form.sliced
            ),
            "periods_after": lambda given: periods_after(
                given[0], given[1], given[2].strip("'"), asked=form.sliced
            ),
            "local_day": lambda given: local_day(given[0], calendar),
            "sliced": sliced,
        },
    )


def _with_questions_as_texts(sql: str, definitions: Definitions, form: Form) -> str:
    """Return a text that reads the tables in a form, with the questions that it reads in it.

    Not their views: the engine analyses twice what a view with parameters reads, and what is nested
    in it twice again. Not the tables' texts either: what stands over a view is planned by the
    view's columns, what stands over a text by all of it.
    """
    whole = replace(form, sliced=False)
    nested = {
        name: _nested(name, definitions, whole)
        for name in {match["name"] for match in SOURCE.finditer(sql)} & definitions.questions.keys()
    }
    records = RECORDS
    if form.at:
        records = f"(SELECT * FROM {RECORDS} WHERE recorded_at <= {moment('known_at')})"
    table = _view_at if form.at else _view

    def place(name: str) -> str:
        return nested.get(name) or table(name)

    def told(name: str, source: str, fields: Collection[str]) -> str:
        amounts = money.TABLES[name].amounts if name in money.TABLES else ()
        if name == FACTS:
            amounts = tuple(one for one in amounts if one in fields and "currency" in fields)
        if not form.currency or not amounts:
            return source
        rates = _nested(money.RATES, definitions, replace(whole, currency=""))
        zone = definitions.calendar.time_zone
        return money.told_in(form.currency, name, source, amounts, rates, zone)

    return _reading(sql, definitions.readable, records, place, told)


def _nested(name: str, definitions: Definitions, form: Form) -> str:
    return f"({_asked(without_comments(definitions.questions[name].sql), definitions, form)})"


def _as_it_is(_name: str, source: str, _fields: Collection[str]) -> str:
    return source


def _reading(
    sql: str,
    there: Collection[str],
    records: str,
    place: Callable[[str], str],
    told_as: Callable[[str, str, Collection[str]], str] = _as_it_is,
) -> str:
    """Return a text with what it reads put in place of the bare names.

    `place` says what stands behind FROM for a name; `told_as` what becomes of it, with the payload
    fields that are picked.
    """
    parsed, picked = parsed_once(COLUMNS[name] for name in sorted(fields_named(sql)))
    told = "".join(f", {how} AS {name}" for name, how in picked.items())

    def renamed(match: re.Match[str]) -> str:
        name = match["name"]
        if name == "tape":
            return f"{match['verb']} {records}{match['alias'] or f' AS {name}'}"
        if name not in there:
            return match[0]
        alias = match["alias"] or f" AS {name}"
        if name == FACTS and picked:
            facts = f"(WITH {parsed} AS payload SELECT *{told} FROM {place(name)})"
            return f"{match['verb']} {told_as(name, facts, picked.keys())}{alias}"
        return f"{match['verb']} {told_as(name, place(name), ())}{alias}"

    return SOURCE.sub(renamed, sql)
