"""The platform as many processes: a tape on Kafka, a warehouse over HTTP, gateways, projectors."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import httpx
import pytest
from conftest import Salestape, Up
from loopback import HTTP
from waiting import wait_until

from infra import clock
from services.cli import cluster
from services.cli.cluster import Cluster
from services.cli.failures import Unreachable
from services.cli.following import table_of
from services.cli.platform import FeedRequest
from services.projector import store
from services.projector.projector import Health

KEY = "a-key-for-those-who-write"


@dataclass(slots=True)
class Site:
    """A running platform: where its parts are, and what it said before it had a projector."""

    folder: Path
    settings: dict[str, str]
    gateway: Up
    projector: Up
    early: httpx.Response
    refusal: str
    half_made: Health
    """What is said while the first projector makes the tables."""

    def command(self, folder: str) -> Salestape:
        """Return the command on a data folder of its own; that of the gateway is `one`."""
        return Salestape(self.folder / folder, self.settings)

    def opened(self, command: str) -> Cluster:
        """Open tape and warehouse as a command of this very process."""
        return Cluster.open(self.folder / "direct", command)


@pytest.fixture(scope="module")
def site(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A platform of one gateway and one projector, shared by the tests of this module."""
    folder = tmp_path_factory.mktemp("site")
    with ExitStack() as stack:
        given = {"SALESTAPE_WAREHOUSE_WRITER_KEY": KEY}
        served = _started(stack, Salestape(folder / "warehouse", given), "warehouse")
        place = served.address.removeprefix("http://")
        settings = {
            "SALESTAPE_TAPE": f"kafka://{kafka}/many.{clock.new_id()}",
            "SALESTAPE_WAREHOUSE": f"clickhouse://writer:{KEY}@{place}",
            "SALESTAPE_KAFKA_PARTITIONS": "3",
        }
        here = stack.enter_context(pytest.MonkeyPatch.context())
        for name in [name for name in os.environ if name.startswith("SALESTAPE_")]:
            here.delenv(name)
        for name, value in settings.items():
            here.setenv(name, value)
        gateway = _started(stack, Salestape(folder / "one", settings), "gateway")
        early, refusal = post(gateway, "early"), _refusal(folder)
        half_made = _half_made(folder)
        projector = _started(stack, Salestape(folder, settings), "projector")
        wait_until(lambda: post(gateway, "first").is_success)
        wait_until(lambda: _is_followed(gateway))
        yield Site(folder, settings, gateway, projector, early, refusal, half_made)


def _started(stack: ExitStack, salestape: Salestape, command: str) -> Up:
    started = Up(salestape, command=command)
    stack.callback(started.end, signal.SIGKILL)
    return started


def _refusal(folder: Path) -> str:
    """Return what a question is answered with where no projector has ever been."""
    with (
        pytest.MonkeyPatch.context() as impatient,
        Cluster.open(folder / "direct", "sql") as platform,
    ):
        impatient.setattr(cluster, "STUCK_SECONDS", 0.5)
        with pytest.raises(Unreachable) as refused:
            platform.query("SELECT 1")
    return str(refused.value)


def _is_followed(gateway: Up) -> bool:
    tables = HTTP.get(f"{gateway.address}/health", timeout=60).json().get("tables")
    return bool(tables) and not any(table["lag"] for table in tables)


def _half_made(folder: Path) -> Health:
    """Begin as a projector does, with the ledger, and return what others say of it then."""
    with Cluster.open(folder / "direct", "sql") as platform:
        store.prepare(platform.house.warehouse.client("append"))
        return platform.house.health()


def post(gateway: Up, name: str, account: str = "Corner") -> httpx.Response:
    event = {
        "id": name,
        "source": "till",
        "type": "sales.purchase.made.v1",
        "time": "2024-05-01T10:00:00Z",
        "account": account,
        "data": {"amount": "10", "currency": "EUR"},
    }
    return HTTP.post(f"{gateway.address}/events", json=event, timeout=60)


def test_before_a_projector_has_made_the_tables_everybody_says_so(site: Site) -> None:
    assert site.early.status_code == 503
    assert "no tables yet" in site.early.text
    assert "start `salestape projector`" in site.refusal


def test_while_a_projector_makes_the_tables_nobody_asks_for_another(site: Site) -> None:
    assert site.half_made.failures == {}
    assert set(map(table_of, site.half_made.tables)) >= {"accounts", "deals"}


def test_commands_work_through_a_gateway_and_beside_it(site: Site, shop: Path) -> None:
    assert post(site.gateway, "second", "Bolt").status_code == 201
    through = site.command("one")("import", str(shop), str(shop), "--json")
    assert through.json["appended"] == 3, through.err
    straight = site.command("direct")("import", str(shop), str(shop), "--json")
    assert (straight.json["appended"], straight.json["already_there"]) == (0, 3), straight.err
    with site.opened("rebuild") as platform:
        (rebuilt,) = platform.rebuild(["accounts"], wait=True)
        assert rebuilt.after not in (None, rebuilt.before)
        asked = platform.query(
            "SELECT account, purchases FROM accounts WHERE account IN ('Acme', 'Bolt') ORDER BY 1"
        )
        assert asked.rows == [("Acme", 2), ("Bolt", 2)]
        told = list(islice(platform.feed(FeedRequest(since="start", accounts=("Bolt",))), 2))
        assert {event["account"] for event in told} == {"Bolt"}


def test_gateways_run_side_by_side_and_end_clean(site: Site) -> None:
    second = Up(site.command("two"), command="gateway")
    assert post(site.gateway, "twice").status_code == 201
    again = post(second, "twice")
    assert (again.status_code, again.json()["status"]) == (200, "duplicate")
    ended = second.end()
    assert (ended.code, "Traceback" in ended.err) == (0, False)


def test_the_console_is_a_process_of_its_own_for_this_machine(site: Site) -> None:
    console = Up(site.command("console"), command="console")
    with httpx.Client(base_url=console.address, timeout=60) as client:
        page = client.get("/")
        assert (page.status_code, "Salestape" in page.text) == (200, True)
        assert client.get("/", headers={"Host": "elsewhere.example"}).status_code == 421
        assert client.get("/events").status_code == 404
        assert client.get("/health").json()["status"] == "ok"
    assert console.end().code == 0
    assert not (site.folder / "console").exists()


def test_an_import_gives_the_figures_of_the_embedded_size(site: Site, data_sets: Path) -> None:
    folder = data_sets / "maven_crm"
    done = site.command("one")("import", "maven-crm", str(folder), "--json")
    assert (done.code, done.json["rejected"]) == (0, 0), done.err
    counted = site.command("direct").sql(
        "SELECT status, stage, count() AS deals FROM deals GROUP BY status, stage ORDER BY deals"
    )
    assert [(one["status"], one["stage"], one["deals"]) for one in counted] == [
        ("open", "Prospecting", 500),
        ("open", "Engaging", 1_589),
        ("lost", "Engaging", 2_473),
        ("won", "Engaging", 4_238),
    ]


def test_the_doctor_sees_every_part_and_what_lags(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    well = site.command("one")("doctor", "--json")
    report = well.json
    assert (well.code, report["status"], report["advice"]) == (0, "ok", [])
    assert (report["definitions"], report["durable"], report["lags"]) == ("deployed", True, [])
    assert report["kafka"]["keeps_everything"]
    parts = {one["part"]: one for one in report["processes"]}
    assert parts["gateway"]["place"] == site.gateway.address
    assert parts["projector"]["partitions"] == [0, 1, 2]

    monkeypatch.setattr(cluster, "STUCK_SECONDS", 0.5)
    site.projector.process.send_signal(signal.SIGSTOP)
    try:
        assert post(site.gateway, "late").status_code == 201
        with site.opened("sql") as platform, pytest.raises(Unreachable, match="1 records wait"):
            platform.query("SELECT 1")
        with site.opened("doctor") as platform:
            lags = platform.health()["lags"]
        assert {one["table"] for one in lags} >= {None, "accounts", "deals"}
        assert {(one["records"], one["seconds"] >= 0) for one in lags} == {(1, True)}
    finally:
        site.projector.process.send_signal(signal.SIGCONT)
    assert KEY not in well.out + site.command("one")("doctor").out
