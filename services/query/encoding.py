"""Answers as JSON: numbers stay numbers, decimals are exact, times are ISO 8601 in UTC."""

from typing import Any

from services.query.answers import Answer


def plain(value: Any) -> Any:
    """Return a value of an answer as one that JSON has.

    Integers and floats stay numbers (NaN and infinities are null); a decimal is a string without
    trailing zeros ("10005534", "80450596.98"); a time is "2017-06-30T23:59:59.999999Z", a day
    "2017-06-30"; tuples and arrays are arrays, maps and named tuples objects.
    """
    raise NotImplementedError


def answer_as_json(answer: Answer) -> dict[str, Any]:
    """Return ``{"columns": […], "types": […], "rows": [[…], …]}``."""
    raise NotImplementedError


def answer_from_json(body: Any) -> Answer:
    """Return the answer that `answer_as_json` wrote; its values stay as JSON has them."""
    raise NotImplementedError


def rows_as_json(answer: Answer) -> list[dict[str, Any]]:
    """Return one object per row, by column name."""
    raise NotImplementedError
