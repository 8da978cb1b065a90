"""`salestape forecast`: what is sold in the months to come, asked of the tape in a process."""

import json
from contextlib import closing
from datetime import date

from conftest import Salestape, asking

from infra.tape.contract import Entry
from infra.tape.opening import open_tape

AHEAD = 3
PRODUCTS = {"anvil": 30, "rope": 6}
"""Since how many whole months each is sold."""


def month(ago: int, of: date) -> date:
    years, place = divmod(of.year * 12 + of.month - 1 - ago, 12)
    return date(years, place + 1, 1)


def bought(product: str, day: date, number: int) -> Entry:
    event = {
        "id": f"{product} {day} {number}",
        "source": "till",
        "type": "sales.purchase.made.v1",
        "time": f"{day}T10:00:00Z",
        "account": "Acme",
        "data": {"amount": "10", "currency": "EUR", "product": product},
    }
    return Entry("Acme", json.dumps(event).encode())


def test_each_product_is_forecast_as_of_any_day(salestape: Salestape) -> None:
    """Twelve anvils in each March, two in other months: the season is known after two of them."""
    now = date(2025, 3, 1)
    salestape.program = asking("demand", "exchange_rates", "products")
    with closing(open_tape(f"sqlite://{salestape.data}/tape.sqlite")) as tape:
        tape.append(
            [
                bought(product, day, number)
                for product, months in PRODUCTS.items()
                for day in (month(ago, now) for ago in range(months + 1, -5, -1))
                for number in range(12 if day.month == 3 else 2)
            ]
        )
    options = ("--by", "product", "--ahead", str(AHEAD), "--as-of", "2025-03-15", "--json")
    rows = salestape("forecast", "--measure", "purchased", *options).json
    counted = [row for row in rows if row["currency"] == ""]
    assert [(row["slice"], row["month"]) for row in counted] == [
        *(("anvil", str(month(-ahead, now))) for ahead in range(AHEAD)),
        ("rope", None),
    ]
    anvils = [row["forecast"] for row in counted[:AHEAD]]
    assert [round(value) for value in anvils] == [12, 2, 2]
    assert {(row["history"], row["errors"], row["reason"]) for row in counted[:AHEAD]} == {
        (30, 12, "")
    }
    assert counted[-1]["reason"] == "6 whole months, of 12 that it takes"
    money = [row["forecast"] for row in rows if row["currency"] == "EUR" and row["month"]]
    assert [round(value) for value in money] == [120, 20, 20]
