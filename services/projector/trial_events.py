"""The events that definitions are tried on: examples of all types, and what is done to them."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from events.envelope import home_of
from events.parsing import Rejection, parse_event
from infra.tape import Entry
from services.projector.checking import Finding


def example_entries(examples: Mapping[Path, bytes]) -> tuple[list[Entry], list[Finding]]:
    """Return what goes on the tape of a trial, and the examples that are no events.

    Beside each example stands one of the same type about one shared account, deal and rep; every
    third of those is corrected, every fourth retracted.
    """
    entries: list[Entry] = []
    findings: list[Finding] = []
    for number, (path, raw) in enumerate(sorted(examples.items())):
        found = parse_event(raw)
        if isinstance(found, Rejection):
            findings.append(Finding(path, None, found.reason))
            continue
        written = json.loads(raw)
        made = [written]
        if not found.type.startswith("sales.event."):
            made += _shared(written, number)
        for event in made:
            value = json.dumps(event).encode()
            parsed = parse_event(value)
            if not isinstance(parsed, Rejection):
                entries.append(Entry(home_of(parsed), value))
    return entries, findings


def _shared(example: Mapping[str, Any], number: int) -> Iterator[dict[str, Any]]:
    where = {"account": "trial-account", "deal": "trial-deal", "actor": "trial-rep"}
    event = {**example, **where, "id": f"trial-{number}", "source": "trial"}
    yield event
    target = {
        "target_source": "trial",
        "target_id": event["id"],
        "target_type": event["type"],
        "target_time": event["time"],
    }
    amendment = {"source": "trial", "time": event["time"], **where}
    if number % 3 == 0:
        data = {**target, "corrected_time": "2030-01-01T00:00:00Z", "payload": event["data"]}
        yield {
            **amendment,
            "id": f"trial-{number}-corrected",
            "type": "sales.event.corrected.v1",
            "data": data,
        }
    elif number % 4 == 0:
        yield {
            **amendment,
            "id": f"trial-{number}-retracted",
            "type": "sales.event.retracted.v1",
            "data": target,
        }
