"""What `salestape doctor` found, as a person reads it."""

from typing import Any

from rich.table import Table

from services.cli import output

UNKNOWN = "unknown"


def tell(report: dict[str, Any]) -> None:
    """Print a report: the parts, the tables, what lags, the settings, and what to do."""
    console = output.out()
    facts = output.facts_table()
    for name, told in _facts(report):
        facts.add_row(name, told)
    console.print(facts)
    for table in (_processes(report), _tables(report), _lags(report)):
        if table is not None:
            console.print()
            console.print(table)
    console.print()
    for setting in report["settings"]:
        style = "dim" if setting["from"] == "default" else "bold"
        console.print(f"{setting['name']}={setting['value']}", style=style)
    for line in report["advice"]:
        console.print(f"! {line}", style="yellow", soft_wrap=True)


def _facts(report: dict[str, Any]) -> list[tuple[str, str]]:
    facts = [
        ("status", report["status"]),
        ("salestape", f"{report['version']}, Python {report['python']}"),
        ("data", report["data"]),
        ("held by", report["held_by"] or "nobody"),
        ("free disk", output.size(report["free_bytes"])),
    ]
    if "tape" in report:
        ends = report["tape"]["ends"]
        facts.append(("tape", f"{sum(ends.values()):,} records, {report['tape']['url']}"))
    if (kafka := report["kafka"]) is not None and "trouble" not in kafka:
        facts.append(("brokers", f"{', '.join(kafka['brokers'])}, version {UNKNOWN}"))
        kept = "keeps everything" if kafka["keeps_everything"] else "FORGETS"
        facts.append(("topic", f"{kafka['topic']}, {len(kafka['partitions'])} partitions, {kept}"))
        known = kafka["members"] is not None
        members = f"{len(kafka['members'])} members" if known else f"members {UNKNOWN}"
        facts.append(("group", f"{kafka['group']}, {kafka['state']}, {members}"))
    if "warehouse" in report:
        facts.append(("warehouse", _warehouse(report)))
    if "engine" in report:
        durable = {True: "yes", False: "no", None: UNKNOWN}[report["durable"]]
        facts.append(("definitions", f"{report['definitions']}; inserts on disk: {durable}"))
    return facts


def _warehouse(report: dict[str, Any]) -> str:
    behind = f"{report['warehouse']['lag']:,} records behind the tape"
    if "engine" not in report:
        return behind
    return (
        f"{behind}, {output.size(report['bytes'])} in {report['rows']:,} rows, "
        f"ClickHouse {report['engine']}, {report['warehouse']['url']}"
    )


def _processes(report: dict[str, Any]) -> Table | None:
    """Return who runs, where there are many processes; others than these are not known here."""
    if report["kafka"] is None or not report["processes"]:
        return None
    table = output.columns_table("process", "where", "status", "partitions")
    for one in report["processes"]:
        name = f"{one['part']} {one.get('worker') or ''}".rstrip()
        name += " (leads)" if one.get("leader") else ""
        parts = one["partitions"]
        table.add_row(
            name,
            one["place"] or UNKNOWN,
            one["status"] or UNKNOWN,
            "" if parts is None else ", ".join(map(str, parts)),
        )
    return table


def _tables(report: dict[str, Any]) -> Table | None:
    if not report["tables"]:
        return None
    table = output.columns_table("table", "generation", "lag", "state", right=("lag",))
    for one in report["tables"]:
        shown = report.get("shown", {}).get(one["table"]) == one["generation"]
        state = "failing" if one["trouble"] else "shown" if shown else "being built"
        table.add_row(one["table"], one["generation"], f"{one['lag']:,}", state)
    return table


def _lags(report: dict[str, Any]) -> Table | None:
    lags = report.get("lags")
    if not lags:
        return None
    table = output.columns_table(
        "lags", "partition", "records", "seconds", right=("partition", "records", "seconds")
    )
    for one in lags:
        seconds = UNKNOWN if one["seconds"] is None else f"{one['seconds']:,.1f}"
        table.add_row(
            one["table"] or "the ledger", str(one["partition"]), f"{one['records']:,}", seconds
        )
    return table
