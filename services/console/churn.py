"""The churn panel: from the answer about churn signals to what the page draws. Pure."""

from collections.abc import Mapping
from typing import Any

from services.console import formats
from services.console.ports import ChurnSignals, Row

Model = Mapping[str, Any]

_DRAWN = frozenset({"idle_long", "off_rhythm"})
"""Rules whose evidence is in sight anyway: idle days and the own rhythm, as numbers and a bar."""


def churn_model(answer: ChurnSignals) -> Model:
    """Return the accounts with rules that fired, and how many there are of each rule."""
    return {
        "accounts": answer.accounts,
        "accounts_text": formats.count(answer.accounts),
        "flagged": answer.flagged,
        "flagged_text": formats.count(answer.flagged),
        "share": formats.percent(answer.flagged / answer.accounts if answer.accounts else None),
        "shown": len(answer.rows),
        "rules": [
            {"name": rule, "label": _words(rule), "count": formats.count(number)}
            for rule, number in sorted(answer.fired.items(), key=lambda item: (-item[1], item[0]))
        ],
        "rows": [_account(row) for row in answer.rows],
    }


def _account(row: Row) -> dict[str, Any]:
    idle = int(row["idle_days"])
    gap = None if row["median_gap_days"] is None else float(row["median_gap_days"])
    # The bar ends at the idle days or at four of the account's own gaps, whichever is more, so
    # that the mark of the own rhythm stays in sight in both cases.
    end = max(idle, 4 * gap if gap else 0, 1)
    return {
        "account": str(row["account"]),
        "rules": [
            {"label": _words(rule), "evidence": seen, "drawn": rule in _DRAWN}
            for rule, seen in zip(row["rules"], row["evidence"], strict=True)
        ],
        "names": list(row["rules"]),
        "idle": formats.days(idle),
        "usual": "" if gap is None else formats.days(gap),
        "times": "" if not gap or idle <= gap else f"{idle / gap:.1f}{formats.TIMES}",
        "bar": min(1.0, idle / end),
        "mark": None if gap is None else min(1.0, gap / end),
        "purchases": formats.count(int(row["purchases"])),
        "last": formats.day(row["last_purchase_at"]),
    }


def _words(rule: str) -> str:
    return rule.replace("_", " ")
