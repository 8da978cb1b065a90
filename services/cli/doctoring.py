"""`salestape doctor`: how every part is, what does not work, and what to do about it."""

import platform as machine
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

import typer

from services.cli import failures, output
from services.cli.main import app
from services.cli.opening import data_folder, open_platform
from services.cli.options import Data, Json

START = "start"
"""The name of trouble that keeps the data from being opened."""
FEW_BYTES = 2**30
"""Free disk space under which a person is told."""


@app.command()
def doctor(data: Data = None, as_json: Json = False) -> None:
    """Look at every part: version, positions, lag, failures and what to do, disk, settings.

    Ends with code 1 where something needs a person.
    """
    folder = data_folder(data)
    own: dict[str, Any] = {
        "version": version("salestape"),
        "python": machine.python_version(),
        "data": str(folder),
        "held_by": _holder(folder),  # before this command takes the folder itself
        "free_bytes": _free(folder),
    }
    state = _state(folder)
    report = {**state, "platform_version": state.get("version"), **own}
    report["settings"], report["unknown_settings"] = _settings(folder)
    report["advice"] = _advice(report)
    if as_json:
        output.write_json(report)
    else:
        _tell(report)
    if report["status"] != "ok":
        raise typer.Exit(failures.FAILED)


def _holder(folder: Path) -> str | None:
    from infra.lock import read_holder

    holder = read_holder(folder)
    return None if holder is None else holder.in_words()


def _free(folder: Path) -> int:
    there = next(place for place in (folder, *folder.parents) if place.exists())
    return shutil.disk_usage(there).free


def _state(folder: Path) -> dict[str, Any]:
    """Return what the platform says of itself, or why it cannot be asked."""
    from infra.lock import FolderInUse

    if not folder.exists():
        return {"status": "ok", "trouble": {}, "failing": {}, "tables": []}
    try:
        with open_platform(folder, "doctor") as platform:
            return platform.health()
    except FolderInUse:
        raise  # it is well, and busy; who has it can say more
    except Exception as error:
        failure = failures.of(error)
        if failure is None:
            raise
        return {
            "status": "trouble",
            "trouble": {START: failure.message},
            "failing": {},
            "tables": [],
        }


def _settings(folder: Path) -> tuple[list[dict[str, str]], list[str]]:
    from infra import settings

    listed = []
    values = {
        concern: settings.load(
            concern, **({"data": folder} if concern is settings.DataSettings else {})
        )
        for concern in settings.CONCERNS
    }
    by_name = {(concern.__doc__ or "").strip(): value for concern, value in values.items()}
    for setting in settings.all_settings():
        found = by_name[setting.concern]
        value = getattr(found, setting.name)
        given = setting.name in found.model_fields_set
        shown = "" if value is None else "(hidden)" if setting.type == "secret" else str(value)
        listed.append(
            {"name": setting.env, "value": shown, "from": "given" if given else "default"}
        )
    return listed, settings.unknown_names()


def _advice(report: dict[str, Any]) -> list[str]:
    advice = [
        f"{name}: {why}" + ("" if name == START else "; it is tried again by itself")
        for name, why in report["trouble"].items()
    ]
    advice += [
        f"{name}: {why}; `salestape check` tells where, mend the file and start again"
        for name, why in report["failing"].items()
    ]
    advice += [
        f"{one['table']}: the part {one['part']} was put aside ({one['reason'] or 'no reason'}); "
        "its records are appended again from the tape at a start, the part can be deleted"
        for one in report.get("detached_parts", ())
    ]
    if report["platform_version"] not in (None, report["version"]):
        advice.append(
            f"the platform that runs is version {report['platform_version']}, this command is "
            f"{report['version']}; start the platform again"
        )
    if report["free_bytes"] < FEW_BYTES:
        advice.append(
            f"only {output.size(report['free_bytes'])} are free where {report['data']} lies"
        )
    advice += [
        f"{name} is no setting: mistyped, most likely" for name in report["unknown_settings"]
    ]
    return advice


def _tell(report: dict[str, Any]) -> None:
    from rich.table import Table

    console = output.out()
    facts = Table(box=None, pad_edge=False, show_header=False)
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column(overflow="fold")
    facts.add_row("status", report["status"])
    facts.add_row("salestape", f"{report['version']}, Python {report['python']}")
    facts.add_row("data", report["data"])
    facts.add_row("held by", report["held_by"] or "nobody")
    facts.add_row("free disk", output.size(report["free_bytes"]))
    if "tape" in report:
        ends = report["tape"]["ends"]
        facts.add_row("tape", f"{sum(ends.values()):,} records, {report['tape']['url']}")
        facts.add_row("warehouse", _warehouse(report))
    console.print(facts)
    if report["tables"]:
        tables = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("table", "generation", "lag", "state"):
            tables.add_column(heading, justify="right" if heading == "lag" else "left")
        for one in report["tables"]:
            shown = report.get("shown", {}).get(one["table"]) == one["generation"]
            state = "failing" if one["trouble"] else "shown" if shown else "being built"
            tables.add_row(one["table"], one["generation"], f"{one['lag']:,}", state)
        console.print()
        console.print(tables)
    console.print()
    for setting in report["settings"]:
        style = "dim" if setting["from"] == "default" else "bold"
        console.print(f"{setting['name']}={setting['value']}", style=style, markup=False)
    for line in report["advice"]:
        console.print(f"! {line}", style="yellow", markup=False, soft_wrap=True)


def _warehouse(report: dict[str, Any]) -> str:
    return (
        f"{report['warehouse']['lag']:,} records behind the tape, "
        f"{output.size(report['bytes'])} in {report['rows']:,} rows, ClickHouse {report['engine']}"
    )
