"""Slices and periods: how one text of a question is asked by team, by month, since a day.

`sliced(relation, …)` stands where a table can, and gives the rows of the relation with two columns
more: `slice`, the value of the dimension asked for, and `period`, the first day of the period. As
long as neither is asked for, they are empty and cost nothing. What is looked up beside the relation
is only what the dimension asked for needs: all else is a constant that the engine leaves out.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from projections.calendar import Calendar
from projections.macros import MacroError

PERIODS = ("day", "week", "month", "quarter", "year")
COHORT = "cohort-"
"""Before a period: by when the thing began instead of when it came to its end."""
PARAMETERS = ("by", "period", "since", "until")
"""The parameters of a sliced form, all texts; empty where not asked for."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """A view that gives a name's value of some dimensions at a time."""

    view: str
    key: str
    """The argument of `sliced` that says which name to look up, and the column of the view."""
    dimensions: tuple[str, ...]
    """Its columns that are dimensions."""
    dated: bool
    """Whether a value holds from `valid_from` until before `valid_to`."""
    behind: str
    """Condition on the events that decide it."""


LOOKUPS = (
    Lookup(
        "memberships",
        "rep",
        ("team", "manager", "territory", "role"),
        True,
        "startsWith(type, 'sales.rep.') OR startsWith(type, 'sales.team.')",
    ),
    Lookup(
        "account_segments",
        "account",
        ("segment",),
        True,
        "startsWith(type, 'sales.account.')",
    ),
    Lookup(
        "deal_sources",
        "deal",
        ("source", "channel", "campaign"),
        False,
        "startsWith(type, 'sales.lead.') OR type = 'sales.deal.opened.v1'",
    ),
)
OWN = ("rep", "product")
"""Dimensions that are a column of the relation itself."""
_FOREVER = "toDateTime64('2299-12-31', 6, 'UTC')"
_NEVER_BEFORE = "toDateTime64('1900-01-01', 6, 'UTC')"
_ARGUMENTS = ("rep", "account", "deal", "product", "at", "day", "entered")


@dataclass(frozen=True, slots=True)
class Sliced:
    """One `sliced(…)`, read: the relation, and what of it says what."""

    relation: str
    given: Mapping[str, str]
    """Of `_ARGUMENTS`, argument to expression over the relation."""

    @classmethod
    def read(cls, arguments: Sequence[str]) -> "Sliced":
        """Read the arguments: a relation, then ``name = expression``. Raises `MacroError`."""
        if not arguments:
            raise MacroError("sliced() needs a table, such as sliced(deals, at = closed_at)")
        given: dict[str, str] = {}
        for argument in arguments[1:]:
            name, equals, expression = argument.partition("=")
            name = name.strip()
            if not equals or name not in _ARGUMENTS:
                raise MacroError(
                    f"sliced() takes {', '.join(f'{one} = …' for one in _ARGUMENTS)}, "
                    f"and not {argument!r}"
                )
            given[name] = expression.strip()
        if "at" in given and "day" in given:
            raise MacroError("sliced() takes at = … (a time) or day = …, not both")
        return cls(arguments[0], given)

    def lookups(self, there: Collection[str]) -> list[Lookup]:
        """Return what can be looked up, of the views that are there."""
        when = "at" in self.given or "day" in self.given
        return [
            one
            for one in LOOKUPS
            if one.view in there and one.key in self.given and (when or not one.dated)
        ]

    def dimensions(self, there: Collection[str]) -> tuple[str, ...]:
        """Return what it can be sliced by."""
        own = [name for name in OWN if name in self.given]
        return (*own, *(name for one in self.lookups(there) for name in one.dimensions))

    @property
    def periods(self) -> tuple[str, ...]:
        """Return the periods it can be cut into."""
        ends = PERIODS if "at" in self.given or "day" in self.given else ()
        begins = tuple(f"{COHORT}{one}" for one in PERIODS) if "entered" in self.given else ()
        return (*ends, *begins)

    def plain(self) -> str:
        """Return it where nothing is asked for."""
        return (
            f"(SELECT fact.*, '' AS slice, CAST(NULL, 'Nullable(Date32)') AS period "
            f"FROM {self.relation} AS fact)"
        )

    def asked(self, there: Collection[str], calendar: Calendar, by: str | None = None) -> str:
        """Return it over the parameters `PARAMETERS`.

        Where it is known what it is sliced `by`, nothing else is looked up.
        """
        lookups = [one for one in self.lookups(there) if by is None or by in one.dimensions]
        when = self.given.get("at") or self.given.get("day")
        values = [("", "''"), *((name, self.given[name]) for name in OWN if name in self.given)]
        branches = "".join(f"{{by:String}} = '{name}', toString({how}), " for name, how in values)
        otherwise = "''"
        if lookups:
            otherwise = (
                f"arrayLast(span -> ifNull(span.1 <= {when} AND {when} < span.2, false), "
                "_looked_up.spans).3"
                if when
                else "_looked_up.spans[1].3"
            )
        known = ", ".join(f"'{name}'" for name in ("", *self.dimensions(there)))
        checked = f"NOT throwIf({{by:String}} NOT IN ({known}), 'it cannot be sliced that way')"
        known = ", ".join(f"'{name}'" for name in ("", *self.periods))
        checked += f" AND NOT throwIf({{period:String}} NOT IN ({known}), 'it has no such periods')"
        if when:
            checked += (
                f" AND ({{since:String}} = '' OR {when} >= {since(calendar)})"
                f" AND ({{until:String}} = '' OR {when} <= {until(calendar)})"
            )
        return (
            f"(SELECT fact.*, multiIf({branches}{otherwise}) AS slice, "
            f"{self._period(calendar)} AS period "
            f"FROM {self.relation} AS fact{self._joined(lookups)} WHERE {checked})"
        )

    def _joined(self, lookups: Sequence[Lookup]) -> str:
        if not lookups:
            return ""
        keys, parts = [], []
        for one in lookups:
            names = ", ".join(f"'{name}'" for name in one.dimensions)
            asked = f"{{by:String}} IN ({names})"
            keys.append(f"{asked}, toString({self.given[one.key]})")
            value = "".join(f"{{by:String}} = '{name}', {name}, " for name in one.dimensions)
            span = f"{_NEVER_BEFORE}, {_FOREVER}"
            if one.dated:
                ends = f"ifNull(valid_to, {_FOREVER})"
                span = f"toDateTime64(valid_from, 6, 'UTC'), toDateTime64({ends}, 6, 'UTC')"
            parts.append(
                f"SELECT {one.key} AS name, "
                f"arraySort(groupArray(({span}, toString(multiIf({value}''))))) AS spans "
                f"FROM {one.view} AS looked_in WHERE {asked} GROUP BY name"
            )
        # A constant would be no key to join by; nothing is found under an empty name.
        none = f"substring(toString({self.given[lookups[0].key]}), 1, 0)"
        key = f"multiIf({', '.join(keys)}, {none})"
        return (
            f" LEFT ANY JOIN ({' UNION ALL '.join(parts)}) AS _looked_up ON _looked_up.name = {key}"
        )

    def _period(self, calendar: Calendar) -> str:
        if not self.periods:
            return "CAST(NULL, 'Nullable(Date32)')"
        ends = self.given.get("day") or local_day(self.given.get("at", "NULL"), calendar)
        cuts = []
        for name in self.periods:
            begun = name.startswith(COHORT)
            day = local_day(self.given["entered"], calendar) if begun else ends
            cuts.append(
                f"{{period:String}} = '{name}', "
                f"{first_day(day, name.removeprefix(COHORT), calendar)}"
            )
        return f"CAST(multiIf({', '.join(cuts)}, NULL), 'Nullable(Date32)')"


def local_day(at: str, calendar: Calendar) -> str:
    """Return the expression for the day of a time in the calendar's zone."""
    return f"toDate32(toTimeZone({at}, '{calendar.time_zone}'))"


def first_day(day: str, period: str, calendar: Calendar) -> str:
    """Return the expression for the first day of the period that a day lies in, a `Date32`.

    The engine's own functions for this end in a `Date`, which knows no day before 1970.
    """
    month = f"({day} - (toDayOfMonth({day}) - 1))"
    since_start = f"(toMonth({day}) + {12 - calendar.fiscal_year_month})"
    match period:
        case "day":
            return day
        case "week":
            return f"({day} - ((toDayOfWeek({day}) + {7 - calendar.week_day}) % 7))"
        case "month":
            return month
        case "quarter":
            return f"addMonths({month}, -({since_start} % 3))"
        case "year":
            return f"addMonths({month}, -({since_start} % 12))"
        case _:
            raise _no_period(period)


def period_of(day: str, otherwise: str, calendar: Calendar, *, asked: bool) -> str:
    """Return the expression for the first day of the period asked for that a day lies in.

    Where none is asked for, it is that of the period `otherwise`, or NULL where that is NULL.
    """
    plain = (
        "CAST(NULL, 'Nullable(Date32)')"
        if otherwise == "NULL"
        else first_day(day, otherwise, calendar)
    )
    return _by_period(lambda name: first_day(day, name, calendar), plain) if asked else plain


def periods_after(first: str, number: str, otherwise: str, *, asked: bool) -> str:
    """Return the expression for the first day of the period so many further on than `first`'s.

    The period is the one asked for, `otherwise` where none is.
    """

    def after(period: str) -> str:
        match period:
            case "day":
                return f"({first} + ({number}))"
            case "week":
                return f"({first} + 7 * ({number}))"
            case "month":
                return f"addMonths({first}, {number})"
            case "quarter":
                return f"addMonths({first}, 3 * ({number}))"
            case "year":
                return f"addMonths({first}, 12 * ({number}))"
            case _:
                raise _no_period(period)

    return _by_period(after, after(otherwise)) if asked else after(otherwise)


def _by_period(expression: Callable[[str], str], otherwise: str) -> str:
    cuts = ", ".join(f"{{period:String}} = '{name}', {expression(name)}" for name in PERIODS)
    return f"multiIf({cuts}, {otherwise})"


def _no_period(name: str) -> MacroError:
    return MacroError(f"{name!r} is no period; there are {', '.join(PERIODS)}")


def since(calendar: Calendar) -> str:
    """Return the expression for the time asked from; the first there is where none is."""
    given = "if({since:String} = '', '1900-01-02', {since:String})"
    return f"parseDateTime64BestEffort({given}, 6, '{calendar.time_zone}')"


def until(calendar: Calendar) -> str:
    """Return the expression for the time asked until; the last there is where none is."""
    given = (
        "multiIf({until:String} = '', '2299-12-30', length({until:String}) = 10, "
        "concat({until:String}, ' 23:59:59.999999'), {until:String})"
    )
    return f"parseDateTime64BestEffort({given}, 6, '{calendar.time_zone}')"
