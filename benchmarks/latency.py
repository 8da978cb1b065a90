"""From `POST /events` to the feed and to the answers of questions, at a steady 1,000 events/s.

Real processes on a broker: warehouse endpoint, projector, gateway. The time of an event begins when
its request is due, whether or not it could be sent then. It is seen on `GET /feed` by its id, in
`deals` when the deal it opens is there, in `funnel` when as many deals are counted as were opened
until then. How often these are asked is a compromise: half of the pause is in the figures, and so
is what asking costs the machine. Where the time goes is told by the projector's health.
"""

import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from http.client import HTTPConnection
from itertools import accumulate, islice
from pathlib import Path
from statistics import quantiles
from typing import Any, NamedTuple

import clickhouse_connect
import orjson
from clickhouse_connect.driver.client import Client

from benchmarks.contenders.tables import PARTITIONS
from benchmarks.measuring import Report
from benchmarks.site import Site, wait
from benchmarks.workload import events
from infra.kafka_broker import KafkaBroker

RATE = 1_000
"""Events a second."""
AT_ONCE = 10
"""Events in a request."""
WARM_UP = 5_000
"""Events posted at the same pace before those that count."""
ACCOUNTS = 50_000
CONNECTIONS = 16
DEALS_SECONDS, FUNNEL_SECONDS, HEALTH_SECONDS = 0.1, 0.25, 0.1
"""The pauses between two looks."""
HALF_UNDER, MOST_UNDER = 0.250, 1.0
"""What is to be reached: seconds for 50 and for 99 of 100."""

Event = Mapping[str, Any]


class Posted(NamedTuple):
    """How an event was posted: three moments, and where it lies on the tape."""

    due: float
    sent: float
    answered: float
    partition: int
    offset: int


class Standing(NamedTuple):
    """How far the projector was at a moment, per partition."""

    moment: float
    appended: Mapping[int, int]
    derived: Mapping[int, int]


@dataclass(slots=True)
class Seen:
    """When what was seen, on one monotonic clock."""

    posted: dict[str, Posted] = field(default_factory=dict)
    fed: dict[str, float] = field(default_factory=dict)
    deals: dict[str, float] = field(default_factory=dict)
    counted: list[tuple[int, float]] = field(default_factory=list)
    """How many deals were in the funnel, and when."""
    standings: list[Standing] = field(default_factory=list)
    feeds: int = 0
    """How many times the feed was read to an end."""


def measure(folder: Path, count: int) -> list[Report]:
    """Post `count` events, and those of the warm-up before them."""
    told = [event for _, event in events(WARM_UP + count, ACCOUNTS)]
    opening = [event for event in told if event["type"] == "sales.deal.opened.v1"]
    seen, done = Seen(), threading.Event()
    with (
        KafkaBroker(folder / "broker") as broker,
        Site(folder / "site", f"kafka://{broker.address}/sales.bench", PARTITIONS, 1, True) as site,
        ThreadPoolExecutor() as pool,
    ):
        try:
            lookers = [
                pool.submit(_read_feed, site, seen, len(told)),
                pool.submit(_ask_deals, site, seen, done, opening),
                pool.submit(_ask_funnel, site, seen, done),
                pool.submit(_look, site, seen, done),
            ]

            def whole() -> bool:
                for looker in lookers:
                    if looker.done():
                        looker.result()  # raises what ended it
                fed, deals = len(seen.fed) >= len(told), len(seen.deals) >= len(opening)
                return fed and deals and seen.counted[-1][0] >= len(opening)

            _post(site, told, seen)
            wait("everything to be seen", whole)
        finally:
            done.set()
        for looker in lookers:
            looker.result()
    return [_report(seen, told[WARM_UP:], opening)]


def _post(site: Site, told: Iterable[Event], seen: Seen) -> None:
    """Post at the rate, over a number of connections."""
    own = threading.local()

    def send(lot: Sequence[Event], due: float) -> None:
        if not hasattr(own, "connection"):
            own.connection = _connection(site.gateway)
        sent = time.monotonic()
        headers = {"content-type": "application/cloudevents-batch+json"}
        own.connection.request("POST", "/events", orjson.dumps(lot), headers)
        answer = own.connection.getresponse()
        body, answered = answer.read(), time.monotonic()
        if answer.status != 200:
            raise RuntimeError(f"POST /events: {answer.status} {body[:500]!r}")
        for event, outcome in zip(lot, orjson.loads(body)["outcomes"], strict=True):
            place = outcome["partition"], outcome["offset"]
            seen.posted[event["id"]] = Posted(due, sent, answered, *place)

    rest = iter(told)
    send(list(islice(rest, AT_ONCE)), time.monotonic())  # connections are made with the first
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        calls, due = [], time.monotonic()
        while lot := list(islice(rest, AT_ONCE)):
            time.sleep(max(0.0, due - time.monotonic()))
            calls.append(pool.submit(send, lot, due))
            due += AT_ONCE / RATE
        for call in calls:
            call.result()


def _connection(address: str) -> HTTPConnection:
    return HTTPConnection(address.removeprefix("http://"), timeout=120)


def _read_feed(site: Site, seen: Seen, count: int) -> None:
    """Read as an `EventSource` does: where the feed ends, take it up again after its last id."""
    last = ""
    while len(seen.fed) < count:
        connection = _connection(site.gateway)
        headers = {"last-event-id": last} if last else {}
        connection.request("GET", "/feed?since=start", headers=headers)
        answer = connection.getresponse()
        while len(seen.fed) < count and (line := answer.readline()):
            if line.startswith(b"data: "):
                seen.fed[orjson.loads(line[6:])["id"]] = time.monotonic()
            elif line.startswith(b"id: "):
                last = line[4:].strip().decode()
        connection.close()
        seen.feeds += 1


def _ask_deals(site: Site, seen: Seen, done: threading.Event, opening: Sequence[Event]) -> None:
    """Ask for the deals from the first on that was not seen yet."""
    with _client(site) as client:
        while not done.wait(DEALS_SECONDS):
            first = next(
                (event for event in opening if event["deal"] not in seen.deals), opening[0]
            )
            since = datetime.fromisoformat(first["time"])
            sql = f"SELECT deal FROM sales.deals WHERE opened_at >= '{since:%Y-%m-%d %H:%M:%S}'"
            found, moment = client.query(sql).result_rows, time.monotonic()
            for (deal,) in found:
                seen.deals.setdefault(deal, moment)


def _ask_funnel(site: Site, seen: Seen, done: threading.Event) -> None:
    sql = "SELECT sum(entered) FROM sales.funnel WHERE stage = 'research'"
    with _client(site) as client:
        while not done.wait(FUNNEL_SECONDS):
            ((entered,),) = client.query(sql).result_rows
            seen.counted.append((int(entered), time.monotonic()))


def _client(site: Site) -> Client:
    host, _, port = site.endpoint.partition(":")
    return clickhouse_connect.get_client(host=host, port=int(port), autogenerate_session_id=False)


def _look(site: Site, seen: Seen, done: threading.Event) -> None:
    """Note how far the projector is."""
    connection = _connection(site.projectors[0])
    while not done.wait(HEALTH_SECONDS):
        connection.request("GET", "/health")
        told = orjson.loads(connection.getresponse().read())
        appended = {one["partition"]: one["position"] for one in told["partitions"]}
        derived = {
            part: min(one["position"] for one in told["tables"] if one["partition"] == part)
            for part in appended
        }
        seen.standings.append(Standing(time.monotonic(), appended, derived))
    connection.close()


def _report(seen: Seen, told: Sequence[Event], opening: Sequence[Event]) -> Report:
    report = Report(
        f"Latency at {RATE:,} events/s, {AT_ONCE} a request: {len(told):,} events, ms from when "
        "their request was due",
        ("until", "p50", "p99", "most"),
    )
    posted = [seen.posted[event["id"]] for event in told]
    report.reach("the feed without an end", seen.feeds == 1)
    names = {event["id"] for event in told}
    opened = [(place, event) for place, event in enumerate(opening, 1) if event["id"] in names]
    counts, moments = zip(*seen.counted, strict=True)
    most = list(accumulate(counts, max))

    def add(what: str, times: Iterable[float], reach: bool = False) -> None:
        ordered = sorted(times)
        hundredths = quantiles(ordered, n=100)
        half, nearly_all = hundredths[49], hundredths[98]
        report.add(what, *(f"{1000 * one:,.0f}" for one in (half, nearly_all, ordered[-1])))
        if reach:
            report.reach(f"p50 under {HALF_UNDER * 1000:g} ms: {what}", half < HALF_UNDER)
            report.reach(f"p99 under {MOST_UNDER * 1000:g} ms: {what}", nearly_all < MOST_UNDER)

    add("sent, over a free connection", (one.sent - one.due for one in posted))
    add("acknowledged", (one.answered - one.due for one in posted))
    add("seen on the feed", (seen.fed[e["id"]] - seen.posted[e["id"]].due for e in told), True)
    add("in the ledger", _passed(seen, posted, lambda standing: standing.appended))
    add("in every derived table", _passed(seen, posted, lambda standing: standing.derived))
    add("in `deals`", (seen.deals[e["deal"]] - seen.posted[e["id"]].due for _, e in opened), True)
    add(
        "in `funnel`",
        (
            moments[bisect_right(most, place - 1)] - seen.posted[event["id"]].due
            for place, event in opened
        ),
        True,
    )
    return report


def _passed(
    seen: Seen,
    posted: Iterable[Posted],
    position: Callable[[Standing], Mapping[int, int]],
) -> Iterable[float]:
    """Return, per event, the seconds until the projector was first seen past it."""
    reached = {
        part: list(accumulate((position(one).get(part, 0) for one in seen.standings), max))
        for part in range(PARTITIONS)
    }
    for one in posted:
        place = bisect_right(reached[one.partition], one.offset)
        if place < len(seen.standings):
            yield seen.standings[place].moment - one.due
