"""Answers as JSON: numbers stay numbers, decimals are exact, times are ISO 8601 in UTC."""

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from services.query.answers import Answer, Explained


def plain(value: Any) -> Any:
    """Return a value of an answer as one that JSON has.

    Integers and floats stay numbers (NaN and infinities are null); a decimal is a string without
    trailing zeros ("10005534", "80450596.98"); a time is "2017-06-30T23:59:59.999999Z", a day
    "2017-06-30"; tuples and arrays are arrays, maps and named tuples objects.
    """
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Decimal():
            return decimal_text(value)
        case datetime():
            return moment_text(value)
        case date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
        case bytes():
            return value.decode(errors="replace").rstrip("\0")
        case Mapping():
            return {_key(name): plain(held) for name, held in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(held) for held in value]
        case _:
            return str(value)


def decimal_text(value: Decimal) -> str:
    """Return a decimal as digits, without an exponent and without zeros that say nothing."""
    if not value.is_finite():
        return str(value)
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def moment_text(value: datetime) -> str:
    """Return a moment in ISO 8601, in UTC; one without a zone is in UTC."""
    moment = value.replace(tzinfo=None) if value.tzinfo is None else value.astimezone(UTC)
    return f"{moment.replace(tzinfo=None).isoformat()}Z"


def answer_as_json(answer: Answer) -> dict[str, Any]:
    """Return ``{"columns": […], "types": […], "rows": [[…], …]}``, with `lacking` if it is told."""
    told = {
        "columns": list(answer.columns),
        "types": list(answer.types),
        "rows": [[plain(value) for value in row] for row in answer.rows],
    }
    return told | {"lacking": list(answer.lacking)} if answer.lacking else told


def answer_from_json(body: Any) -> Answer:
    """Return the answer that `answer_as_json` wrote; its values stay as JSON has them."""
    return Answer(
        columns=list(body["columns"]),
        types=list(body["types"]),
        rows=[tuple(row) for row in body["rows"]],
        lacking=tuple(body.get("lacking", ())),
    )


def explained_as_json(explained: Explained) -> dict[str, Any]:
    """Return ``{"row": …, "events": …}``, each as `answer_as_json` gives it."""
    return {
        "row": answer_as_json(explained.row),
        "events": answer_as_json(explained.events),
    }


def explained_from_json(body: Any) -> Explained:
    """Return what `explained_as_json` wrote; its values stay as JSON has them."""
    return Explained(answer_from_json(body["row"]), answer_from_json(body["events"]))


def rows_as_json(answer: Answer) -> list[dict[str, Any]]:
    """Return one object per row, by column name."""
    return [
        {name: plain(value) for name, value in zip(answer.columns, row, strict=True)}
        for row in answer.rows
    ]


def _key(name: Any) -> str:
    shown = plain(name)
    return shown if isinstance(shown, str) else str(shown)
