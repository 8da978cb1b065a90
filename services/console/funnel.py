"""The funnel panel: from rows of the question `funnel` to what the page draws. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.console import formats
from services.console.ports import Row

Model = Mapping[str, Any]


def funnel_model(rows: Sequence[Row]) -> Model:
    """Return the pipelines, those with most deals first, each with its stages in order.

    A bar is as long as the share of the pipeline's deals that reached the stage.
    """
    by_pipeline: dict[str, list[Row]] = {}
    for row in rows:
        by_pipeline.setdefault(str(row["pipeline"]), []).append(row)
    pipelines = [_pipeline(name, found) for name, found in by_pipeline.items()]
    pipelines.sort(key=lambda pipeline: (-pipeline["deals"], pipeline["name"]))
    return {"pipelines": [pipeline for pipeline in pipelines if pipeline["deals"]]}


def _pipeline(name: str, rows: Sequence[Row]) -> dict[str, Any]:
    won, lost, still_open = (sum(int(row[key]) for row in rows) for key in ("won", "lost", "open"))
    currency = next((str(row["currency"]) for row in rows if row["currency"]), "")
    known = [row["won_amount"] for row in rows if row["won_amount"] is not None]
    deals = won + lost + still_open
    most = max(int(row["reached"]) for row in rows)
    ordered = sorted(rows, key=_place)
    ladder = [row for row in ordered if row["position"] is not None]
    last = int(ladder[-1]["reached"]) if ladder else 0
    return {
        "name": name,
        "deals": deals,
        "deals_text": formats.count(deals),
        "won": formats.count(won),
        "lost": formats.count(lost),
        "open": formats.count(still_open),
        "won_value": formats.money(sum(known), currency) if known and currency else "",
        "win_rate": formats.percent(won / (won + lost), 1) if won + lost else formats.NONE,
        "stages": [
            *(_stage(row, most) for row in ordered),
            {
                "name": "won",
                "result": True,
                "defined": True,
                "share": won / most if most else 0.0,
                "reached": formats.count(won),
                "from_start": formats.percent(won / deals if deals else None),
                "from_previous": formats.percent(won / last if last else None),
            },
        ],
    }


def _place(row: Row) -> tuple[bool, int, str]:
    position = row["position"]
    return (position is None, int(position or 0), str(row["stage"]))


def _stage(row: Row, most: int) -> dict[str, Any]:
    reached = int(row["reached"])
    return {
        "name": str(row["stage"]),
        "defined": row["position"] is not None,
        "share": reached / most if most else 0.0,
        "entered": formats.count(int(row["entered"])),
        "reached": formats.count(reached),
        "from_start": formats.percent(row["conversion_from_start"]),
        "from_previous": formats.percent(row["conversion_from_previous"]),
        "won": formats.count(int(row["won"])),
        "lost": formats.count(int(row["lost"])),
        "open": formats.count(int(row["open"])),
        "open_value": _value(row["open_amount"], str(row["currency"])),
        "median_days": formats.days(row["median_days"]),
        "p90_days": formats.days(row["p90_days"]),
    }


def _value(amount: Any, currency: str) -> str:
    return formats.money(amount, currency) if amount else ""
