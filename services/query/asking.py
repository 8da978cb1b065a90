"""How a question is asked: in which of its forms, with what parameters, and which row is meant.

Everything here is text; running it is the reader's.
"""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from infra.reading.refusals import QueryFailed
from projections import forms, money
from projections.forms import Form
from projections.moments import as_parameter, moment_of
from projections.registry import Definitions, Question
from projections.slices import PARAMETERS
from services.query.answers import REPORTING, Answer, Slices, Unanswerable
from services.query.failures import near_names

KNOWN_AT_ANY_TIME = "2199-12-31 23:59:59.999999"
CANNOT_READ_TIME = 41
MOST_NAMED = 5
"""How many of several rows an error names."""


def form_of(clocks: bool, slices: Slices, currency: str = "") -> Form:
    """Return the form that answers, its money told in a currency where one is given."""
    form = forms.AT if clocks else forms.NOW
    if slices.cuts():
        form = forms.BY_AT if clocks else forms.BY
    return replace(form, currency=currency)


def currency_asked(name: str, definitions: Definitions, slices: Slices) -> str:
    """Return the code of the currency that money is told in, empty where each keeps its own.

    Raises `Unanswerable` for what is no code, and where a question cannot tell it so.
    """
    if not slices.currency:
        return ""
    reporting = slices.currency == REPORTING
    code = definitions.calendar.currency if reporting else slices.currency
    if not money.CODE.match(code):
        raise Unanswerable(
            f"{code!r} is no currency: write three capital letters, such as EUR, or {REPORTING}"
        )
    question = definitions.questions.get(name)
    reason = forms.why_not_converted(question, definitions) if question else "it is a table"
    if reason:
        raise Unanswerable(f"{name} cannot be told in one currency: {reason}")
    return code


def source_in(form: Form, name: str) -> str:
    """Return what stands behind FROM to ask a question or table in a form."""
    wanted = [*(("as_of", "known_at") if form.at else ()), *(PARAMETERS if form.sliced else ())]
    given = ", ".join(f"{one} = {{{one}:String}}" for one in wanted)
    return f"{name}{form.suffix}" + (f"({given})" if given else "")


def clock_parameters(
    as_of: str | datetime | None, known_at: str | datetime | None, now: datetime
) -> dict[str, str]:
    """Return the two clocks as parameters. Raises `QueryFailed` naming the one that is no time."""
    return {
        "as_of": _clock("as_of", as_of, as_parameter(now)),
        "known_at": _clock("known_at", known_at, KNOWN_AT_ANY_TIME),
    }


def slice_parameters(name: str, definitions: Definitions, slices: Slices) -> dict[str, str]:
    """Return slices as parameters. Raises `Unanswerable` where a question does not have them."""
    question = definitions.questions.get(name)
    if question is None or not question.is_sliced:
        raise Unanswerable(f"{name} can be cut neither in slices nor in periods")
    if slices.by:
        _refuse_unless(name, "sliced by", slices.by, forms.dimensions_of(question, definitions))
    if slices.period:
        _refuse_unless(name, "cut by", slices.period, forms.periods_of(question))
    for option in ("since", "until"):
        _clock(option, getattr(slices, option) or None, "")
    return {name: getattr(slices, name) for name in PARAMETERS}


def _refuse_unless(name: str, how: str, asked: str, there: Sequence[str]) -> None:
    if asked not in there:
        can = f"it can by {', '.join(there)}" if there else "it cannot be at all"
        raise Unanswerable(f"{name} cannot be {how} {asked!r}; {can}")


def row_told(text: str) -> dict[str, str]:
    """Read ``stage=Closing account='Acme Ltd'``. Raises `Unanswerable`."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise Unanswerable(f"{text}: {error}") from error
    return row_named(words)


def row_named(words: Iterable[str]) -> dict[str, str]:
    """Read ``column=value``, one each. Raises `Unanswerable`."""
    row: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise Unanswerable(
                f"{word!r} names no value of a row; write column=value, such as stage=Closing, "
                "and in quotes what has spaces: account='Acme Ltd'"
            )
        row[name] = value
    return row


def row_condition(
    question: Question, row: Mapping[str, str], types: Mapping[str, str], slices: Slices
) -> tuple[str, dict[str, str]]:
    """Return the condition that a row meets, and its parameters. Raises `Unanswerable`."""
    if not row:
        uncut = [*([] if slices.by else ["slice"]), *([] if slices.period else ["period"])]
        names = [name for name in question.key if name not in uncut] or list(question.key)
        raise Unanswerable(f"which row of {question.name}? Name {_named(names)}")
    conditions: list[str] = []
    parameters: dict[str, str] = {}
    for place, (name, value) in enumerate(row.items()):
        if name not in types:
            near = near_names(name, types) or list(types)
            raise Unanswerable(f"{question.name} has no column {name!r}; it has {', '.join(near)}")
        if value == "":
            conditions.append(f"ifNull(toString({name}), '') = ''")
            continue
        parameters[f"is_{place}"] = value
        conditions.append(f"{name} = {_read_as(types[name], f'{{is_{place}:String}}')}")
    return " AND ".join(conditions), parameters


def the_one_row(question: Question, row: Mapping[str, str], found: Answer) -> None:
    """Raise `Unanswerable` unless exactly one row was found."""
    if len(found.rows) == 1:
        return
    told = " ".join(f"{name}={shlex.quote(value)}" for name, value in row.items())
    if not found.rows:
        raise Unanswerable(f"{question.name} has no row where {told}")
    open_ones = [name for name in question.key if name not in row] or list(question.key)
    there = {name: found.columns.index(name) for name in open_ones if name in found.columns}
    # What is the same in all of them tells none apart.
    apart = [name for name, at in there.items() if len({one[at] for one in found.rows}) > 1]
    open_ones = apart or open_ones
    places = [there[name] for name in open_ones if name in there]
    named = [
        " ".join(f"{found.columns[place]}={one[place]}" for place in places)
        for one in found.rows[:MOST_NAMED]
    ]
    more = ", …" if len(found.rows) > MOST_NAMED else ""
    raise Unanswerable(
        f"{question.name} has several rows where {told}; name {_named(open_ones)} as well: "
        f"{', '.join(named)}{more}"
    )


def _named(names: Sequence[str]) -> str:
    *some, last = names
    return f"{', '.join(some)} and {last}" if some else last


def _read_as(kind: str, given: str) -> str:
    plain = kind.replace("LowCardinality(", "").replace("Nullable(", "").rstrip(")")
    if plain.startswith("DateTime"):
        return f"parseDateTime64BestEffort({given}, 6, 'UTC')"
    if plain.startswith(("Int", "UInt", "Float", "Decimal", "Date", "Bool")):
        whole = kind.removeprefix("Nullable(").removesuffix(")") if "Nullable(" in kind else kind
        return f"CAST({given}, '{forms.quoted_type(whole)}')"
    if plain.startswith(("Array", "Tuple", "Map")):
        return f"CAST({given}, '{forms.quoted_type(kind)}')"
    return given


def _clock(name: str, given: str | datetime | None, otherwise: str) -> str:
    if given is None:
        return otherwise
    try:
        return as_parameter(moment_of(given))
    except ValueError as error:
        raise QueryFailed(f"{name}: {error}", CANNOT_READ_TIME) from error
