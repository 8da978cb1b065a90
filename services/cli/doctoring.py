"""`salestape doctor`: how every part is, what does not work, and what to do about it."""

import platform as machine
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from infra.urls import shown_url
from services.cli import failures, output
from services.cli.diagnosis import tell
from services.cli.main import app
from services.cli.opening import PLATFORMS, data_folder, open_platform
from services.cli.options import Data, Json
from services.cli.platform import PROJECTOR, WAREHOUSE

if TYPE_CHECKING:
    from infra.lock import Holder

START = "start"
"""The name of trouble that keeps the data from being opened."""
FEW_BYTES = 2**30
"""Free disk space under which a person is told."""


@app.command()
def doctor(data: Data = None, as_json: Json = False) -> None:
    """Look at every part: version, positions, lag, failures and what to do, disk, settings.

    Ends with code 1 where something needs a person.
    """
    from services.cli import parts

    folder = data_folder(data)
    holder = _holder(folder)  # before this command takes the folder itself
    own: dict[str, Any] = {
        "version": version("salestape"),
        "python": machine.python_version(),
        "data": str(folder),
        "held_by": None if holder is None else holder.in_words(),
        "free_bytes": _free(folder),
    }
    state = _state(folder)
    report = {**state, "platform_version": state.get("version"), **own}
    report |= _parts(folder, holder, report)
    report["settings"], report["unknown_settings"] = _settings(folder)
    of_parts = parts.advice_on(report)
    if of_parts and report["status"] == "ok":
        report["status"] = "degraded"
    report["advice"] = [*_advice(report), *of_parts]
    if as_json:
        output.write_json(report)
    else:
        tell(report)
    if report["status"] != "ok":
        raise typer.Exit(failures.FAILED)


def _holder(folder: Path) -> "Holder | None":
    from infra.lock import read_holder

    return read_holder(folder)


def _free(folder: Path) -> int:
    there = next(place for place in (folder, *folder.parents) if place.exists())
    return shutil.disk_usage(there).free


def _parts(folder: Path, holder: "Holder | None", report: dict[str, Any]) -> dict[str, Any]:
    """Return what there is beside the platform that was asked, where there are many processes."""
    from infra.settings import DataSettings, load
    from services.cli import parts

    tape = load(DataSettings, data=folder).tape
    kafka = parts.kafka_of(tape) if tape.startswith("kafka:") else None
    processes = parts.processes(holder, kafka)
    for process in processes:
        if process["part"] in PLATFORMS:
            process |= {"status": report["status"], "version": report["platform_version"]}
    return {"kafka": kafka, "processes": processes}


def _state(folder: Path) -> dict[str, Any]:
    """Return what the platform says of itself, or why it cannot be asked."""
    from infra.lock import FolderInUse
    from infra.settings import DataSettings, load
    from services.cli.urls import held_by_one

    data = load(DataSettings, data=folder)
    if not folder.exists() and held_by_one(data.tape, data.warehouse):
        return {"status": "ok", "trouble": {}, "failing": {}, "tables": []}
    try:
        with open_platform(folder, "doctor") as platform:
            return platform.health()
    except (FolderInUse, failures.Served):
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
        shown = "(hidden)" if setting.type == "secret" else shown_url(str(value))
        shown = "" if value is None else shown
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
        why
        if name in (PROJECTOR, WAREHOUSE)
        else f"{name}: {why}; `salestape check` tells where, mend the file and start again"
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
