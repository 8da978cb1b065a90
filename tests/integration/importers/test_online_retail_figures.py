"""The figures of the online shop's invoices, counted in the file and folded from the events."""

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from clickhouse_connect.driver.client import Client
from import_bench import MemorySink

from services.importers import Summary, run

Invoice = tuple[str, str]


@pytest.fixture(scope="module")
def imported(data_sets: Path, engine: Client) -> tuple[MemorySink, Summary]:
    sink = MemorySink()
    return sink, run("online-retail", [data_sets / "online_retail"], sink, engine)


@pytest.fixture(scope="module")
def counted(data_sets: Path) -> tuple[dict[Invoice, Decimal], dict[Invoice, Decimal]]:
    """The worth of purchases and of returns, per invoice and customer, from the lines."""
    table = pq.read_table(data_sets / "online_retail" / "online_retail.parquet")
    columns = [table.column(n).to_pylist() for n in ("InvoiceNo", "CustomerID", "Quantity")]
    purchases: dict[Invoice, Decimal] = defaultdict(Decimal)
    returns: dict[Invoice, Decimal] = defaultdict(Decimal)
    prices = table.column("UnitPrice").to_pylist()
    for invoice, customer, quantity, price in zip(*columns, prices, strict=True):
        if customer is None:
            continue
        key = (invoice, f"customer-{customer:.0f}")
        if invoice.startswith("C"):
            returns[key] += quantity * Decimal(str(price))
        elif quantity > 0 and price > 0:
            purchases[key] += quantity * Decimal(str(price))
    return purchases, returns


def test_one_invoice_of_one_customer_is_one_purchase(imported, counted) -> None:
    events = imported[0].of("sales.purchase.made.v1")
    found = {(e.data.order, e.account): Decimal(e.data.amount) for e in events}
    assert found == counted[0]
    assert len(events) == 18_532
    assert len({e.account for e in events}) == 4_338
    assert round(sum(found.values()), 2) == Decimal("8911407.90")


def test_invoices_that_begin_with_c_are_returns(imported, counted) -> None:
    events = imported[0].of("sales.purchase.returned.v1")
    found = {(e.data.order, e.account): -Decimal(e.data.amount) for e in events}
    assert found == counted[1]
    assert len(events) == 3_654
    assert sum(found.values()) == Decimal("-611342.09")
    assert {e.data.currency for e in events} == {"GBP"}


def test_customers_idle_for_more_than_90_days_at_the_last_event(imported) -> None:
    last_purchase: dict[str | None, datetime] = {}
    for event in imported[0].of("sales.purchase.made.v1"):
        last_purchase[event.account] = max(event.time, last_purchase.get(event.account, event.time))
    end = max(event.time for event in imported[0].events)
    idle = [moment for moment in last_purchase.values() if end - moment > timedelta(days=90)]
    assert len(idle) == 1_449


def test_every_customer_is_known_before_buying_or_giving_back(imported) -> None:
    sink, summary = imported
    created = {e.account: e.time for e in sink.of("sales.account.created.v1")}
    trades = sink.of("sales.purchase.made.v1") + sink.of("sales.purchase.returned.v1")
    assert {e.account for e in trades} == set(created)
    assert all(created[e.account] <= e.time for e in trades)
    assert (summary.rejected, summary.conflicts) == (0, 0)
