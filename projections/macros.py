"""Macros of questions: names with arguments that rendering puts SQL in place of.

A macro looks like a function, `wilson_low(won, closed)`, and is no function of the engine: the text
is expanded before the engine sees it, so that a reader needs no right to make functions. What hangs
on the clocks or on slices is `projections.slices`' and `projections.rendering`'s; what is the same
everywhere stands here.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache

Macro = Callable[[Sequence[str]], str]
"""From the texts of the arguments to the text that stands in their place."""

_CLOSING = {"(": ")", "[": "]", "{": "}"}
_QUOTED = "|".join(rf"{quote}(?:[^{quote}\\]|\\.)*(?:{quote}|\Z)" for quote in "'`\"")
_MARK = re.compile(rf"{_QUOTED}|[()\[\]{{}},]", re.DOTALL)

Z = "1.959963984540054"
"""The 97.5th percentile of the normal distribution, for 95 % intervals."""
ENOUGH = 5
"""Below so many values a median is not told."""


class MacroError(ValueError):
    """A macro is used in a way it cannot be; the message says which and how it is used."""


def expand(sql: str, macros: Mapping[str, Macro]) -> str:
    """Return the text with every macro put in place, those inside of arguments first.

    Raises `MacroError`. Text in quotes is left alone.
    """
    if not macros:
        return sql
    wanted = _uses_of(tuple(macros))
    done: list[str] = []
    place = 0
    while (found := wanted.search(sql, place)) is not None:
        done.append(sql[place : found.start()])
        if found[1] is None:
            done.append(found[0])
            place = found.end()
        else:
            arguments, place = _arguments(sql, found.end(), found[1])
            done.append(macros[found[1]]([expand(one, macros) for one in arguments]))
    return "".join(done) + sql[place:]


@cache
def _uses_of(names: tuple[str, ...]) -> re.Pattern[str]:
    """Return what finds the next use of a macro, or the next text in quotes."""
    return re.compile(rf"{_QUOTED}|(?<![\w.])({'|'.join(map(re.escape, names))})\(", re.DOTALL)


def _arguments(sql: str, start: int, name: str) -> tuple[list[str], int]:
    """Return the arguments that begin at `start`, and the place behind their closing bracket."""
    open_ones: list[str] = [")"]
    begin = start
    arguments: list[str] = []
    for mark in _MARK.finditer(sql, start):
        if mark[0] in _CLOSING:
            open_ones.append(_CLOSING[mark[0]])
        elif mark[0] == open_ones[-1]:
            open_ones.pop()
            if not open_ones:
                arguments.append(sql[begin : mark.start()].strip())
                return ([] if arguments == [""] else arguments), mark.end()
        elif mark[0] == "," and len(open_ones) == 1:
            arguments.append(sql[begin : mark.start()].strip())
            begin = mark.end()
    raise MacroError(f"{name}(…) is not closed")


def _of(name: str, names: str, text: str) -> Macro:
    """Return a macro whose arguments stand in the text as ``$name``."""
    wanted = names.split()

    def put(arguments: Sequence[str]) -> str:
        if len(arguments) != len(wanted):
            raise MacroError(f"{name}() takes {len(wanted)} arguments: {name}({', '.join(wanted)})")
        given = {one: f"({text})" for one, text in zip(wanted, arguments, strict=True)}
        return re.sub(r"\$(\w+)", lambda found: given[found[1]], text)

    return put


# Wilson's score interval: E. B. Wilson, "Probable inference, the law of succession, and statistical
# inference", Journal of the American Statistical Association 22 (1927), 209-212. Of k in n, with
# p = k/n: (p + z²/2n ± z·sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n), here times n above and below.
# `least(k, n)` because the engine computes both branches: nothing may be a root of less than 0.
_WILSON = (
    "if($n > 0 AND $k >= 0 AND $k <= $n, {bound}(({edge}), "
    f"(toFloat64($k) + {Z} * {Z} / 2 {{sign}} {Z} * sqrt(greatest(0., toFloat64($k) "
    f"* (toFloat64($n) - toFloat64($k)) / toFloat64(greatest($n, 1)) + {Z} * {Z} / 4))) "
    f"/ (toFloat64($n) + {Z} * {Z})), NULL)"
)
WILSON_LOW = _WILSON.format(bound="greatest", edge="0.", sign="-")
WILSON_HIGH = _WILSON.format(bound="least", edge="1.", sign="+")


# The interval of a difference of two rates from the Wilson intervals of both: R. G. Newcombe,
# "Interval estimation for the difference between independent proportions: comparison of eleven
# methods", Statistics in Medicine 17 (1998), 873-890, method 10.
# Its bounds are taken as columns of a part before: the engine writes an expression out wherever its
# name stands, and to plan a Wilson interval eight times over takes longer than to compute it.
_APART = "rate low high rate2 low2 high2"
DIFFERENCE_LOW = "($rate - $rate2 - sqrt(pow($rate - $low, 2) + pow($high2 - $rate2, 2)))"
DIFFERENCE_HIGH = "($rate - $rate2 + sqrt(pow($high - $rate, 2) + pow($rate2 - $low2, 2)))"

# Byar's interval of a Poisson number n: N. E. Breslow and N. E. Day, "Statistical Methods in Cancer
# Research II", 1987, p. 69. The lower end is for n above 0.
_BYAR = f"({{n}} * pow(1 - 1 / (9 * {{n}}) {{sign}} {Z} / (3 * sqrt({{n}})), 3))"
POISSON_LOW = _BYAR.format(n="$n", sign="-")
POISSON_HIGH = _BYAR.format(n="($n + 1)", sign="+")

SHARED: Mapping[str, Macro] = {
    "rate_of": _of("rate_of", "k n", "(toFloat64($k) / nullIf(toFloat64($n), 0))"),
    "wilson_low": _of("wilson_low", "k n", WILSON_LOW),
    "wilson_high": _of("wilson_high", "k n", WILSON_HIGH),
    "difference_low": _of("difference_low", _APART, DIFFERENCE_LOW),
    "difference_high": _of("difference_high", _APART, DIFFERENCE_HIGH),
    "distinguishable": _of("distinguishable", "low high", "ifNull($low > 0 OR $high < 0, false)"),
    "poisson_low": _of("poisson_low", "n", POISSON_LOW),
    "poisson_high": _of("poisson_high", "n", POISSON_HIGH),
    "enough": _of("enough", "n", f"($n >= {ENOUGH})"),
    "median_of": _of(
        "median_of",
        "days",
        f"if(length($days) >= {ENOUGH}, arrayReduce('quantileExactInclusive(0.5)', $days), NULL)",
    ),
    "p90_of": _of(
        "p90_of",
        "days",
        f"if(length($days) >= {ENOUGH}, arrayReduce('quantileExactInclusive(0.9)', $days), NULL)",
    ),
}
"""The macros that are the same in every form of a question."""
