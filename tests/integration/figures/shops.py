"""What the two data sets of sales without deals say, read by plain Python: who bought what when."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from statistics import median

import pyarrow.parquet as pq


@dataclass(frozen=True)
class Sale:
    """An invoice or an order; one that gives something back is worth less than nothing."""

    account: str
    at: datetime
    value: Decimal
    is_return: bool = False
    rep: str = ""

    @property
    def day(self) -> date:
        return self.at.date()


@dataclass
class Customer:
    """What there is of one customer who bought."""

    days: list[date]
    orders: int
    value: Decimal

    @property
    def gaps(self) -> list[int]:
        return [(later - day).days for day, later in zip(self.days, self.days[1:], strict=False)]

    def known(self, day: date) -> "Customer":
        return Customer([one for one in self.days if one <= day], 0, Decimal(0))

    def longest(self) -> float | None:
        """The longest time without a purchase that is no pause."""
        return max(14.0, 3 * median(self.gaps)) if len(self.gaps) >= 2 else None

    def rules(self, day: date) -> set[str]:
        idle, longest = (day - self.days[-1]).days, self.longest()
        found = {"idle_long"} if idle > 90 else set()
        return found | ({"off_rhythm"} if longest is not None and idle > longest else set())


@dataclass
class Shop:
    """A data set of sales in one currency."""

    sales: list[Sale]
    currency: str
    segments: dict[str, tuple[str, str]]
    """Segment and country of each account."""

    def customers(self) -> dict[str, Customer]:
        days: dict[str, list[date]] = defaultdict(list)
        worth: dict[str, Decimal] = defaultdict(Decimal)
        for one in self.sales:
            worth[one.account] += one.value
            if not one.is_return:
                days[one.account].append(one.day)
        return {
            name: Customer(sorted(set(some)), len(some), worth[name]) for name, some in days.items()
        }


def invoices(data_sets: Path) -> Shop:
    """Return the online shop's: an invoice counts at the time of its last line."""
    names = ["InvoiceNo", "CustomerID", "Quantity", "UnitPrice", "InvoiceDate", "Country"]
    lines = pq.read_table(data_sets / "online_retail" / "online_retail.parquet", columns=names)
    ends: dict[tuple[str, str], datetime] = {}
    worth: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    countries: dict[str, tuple[str, str]] = {}
    columns = (lines.column(name).to_pylist() for name in names)
    for invoice, customer, quantity, price, when, country in zip(*columns, strict=True):
        if customer is None or not (invoice.startswith("C") or (quantity > 0 and price > 0)):
            continue
        account = f"customer-{customer:.0f}"
        countries.setdefault(account, ("", country))
        worth[account, invoice] += quantity * Decimal(str(price))
        ends[account, invoice] = max(when, ends.get((account, invoice), when))
    sales = [
        Sale(account, ends[account, invoice], value, invoice.startswith("C"))
        for (account, invoice), value in worth.items()
    ]
    return Shop(sales, "GBP", countries)


def orders(data_sets: Path) -> Shop:
    """Return the bicycle maker's, that resellers placed with its employees."""
    folder = data_sets / "adventureworks"
    names = ["SalesOrderNumber", "ResellerKey", "EmployeeKey", "OrderDate", "SalesAmount"]
    lines = pq.read_table(folder / "FactResellerSales.parquet", columns=names)
    worth: dict[tuple[str, str, str, datetime], Decimal] = defaultdict(Decimal)
    columns = (lines.column(name).to_pylist() for name in names)
    for order, reseller, employee, when, amount in zip(*columns, strict=True):
        worth[order, f"reseller-{reseller}", f"employee-{employee}", when] += amount
    sales = [Sale(account, at, value, rep=rep) for (_, account, rep, at), value in worth.items()]
    resellers = pq.read_table(
        folder / "DimReseller.parquet", columns=["ResellerKey", "BusinessType"]
    )
    kinds = resellers.to_pylist()
    known = {f"reseller-{one['ResellerKey']}": (one["BusinessType"], "") for one in kinds}
    return Shop(sales, "USD", known)
