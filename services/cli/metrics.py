"""Metrics of a running platform as Prometheus reads them.

https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(slots=True)
class Exposition:
    """Collects samples and writes them down, one family after another."""

    lines: list[str] = field(default_factory=list)

    def add(
        self,
        name: str,
        kind: Literal["counter", "gauge"],
        meaning: str,
        samples: Mapping[tuple[tuple[str, str], ...], float],
    ) -> None:
        """Add a family: labels (name and value) to number."""
        self.lines += [f"# HELP salestape_{name} {meaning}", f"# TYPE salestape_{name} {kind}"]
        for labels, value in samples.items():
            told = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels)
            self.lines.append(f"salestape_{name}{'{' + told + '}' if told else ''} {value}")

    def text(self) -> str:
        """Return the whole."""
        return "\n".join(self.lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def exposition(
    state: Mapping[str, Any],
    handed_in: Mapping[str, int],
    requests: Mapping[tuple[str, str, int], int],
    subscribers: int,
) -> str:
    """Return the metrics of a platform.

    `state` is `services.cli.state.state_of`'s; `handed_in` counts what became of events (and of
    requests refused before that, as ``refused.<status>``); `requests` counts by method, route and
    status.
    """
    told = Exposition()
    told.add("up", "gauge", "1 while events are taken in and derived.", {(): _up(state)})
    told.add(
        "events_total",
        "counter",
        "Events handed in, by what became of them.",
        {
            (("outcome", name), ("reason", reason)): count
            for (name, _, reason), count in (
                (key.partition("."), count) for key, count in handed_in.items()
            )
            if name != "refused"
        },
    )
    if state["rejected"] is not None:
        told.add(
            "records_rejected_total",
            "counter",
            "Records on the tape that are no events.",
            {(): state["rejected"]},
        )
    for name, meaning, where in (
        ("tape_end", "The offset the next record gets.", state["tape"]["ends"]),
        (
            "watermark",
            "The offset before which every record is in the ledger.",
            state["warehouse"]["watermark"],
        ),
    ):
        told.add(
            name,
            "gauge",
            meaning,
            {(("partition", partition),): offset for partition, offset in where.items()},
        )
    told.add(
        "append_lag_records",
        "gauge",
        "Records on the tape that are not in the ledger yet.",
        {(): state["warehouse"]["lag"]},
    )
    told.add(
        "derive_lag_records",
        "gauge",
        "Records on the tape that a derived table has not followed yet.",
        {
            (("table", one["table"]), ("generation", one["generation"])): one["lag"]
            for one in state["tables"]
        },
    )
    told.add(
        "failing",
        "gauge",
        "1 for each table or question that does not work.",
        {(("name", name),): 1 for name in (*state["failing"], *state["trouble"])},
    )
    told.add("feed_subscribers", "gauge", "Readers of the feed.", {(): subscribers})
    told.add(
        "http_requests_total",
        "counter",
        "Requests answered.",
        {
            (("method", method), ("route", route), ("status", str(status))): count
            for (method, route, status), count in sorted(requests.items())
        },
    )
    return told.text()


def _up(state: Mapping[str, Any]) -> int:
    return int(state["status"] != "trouble")
