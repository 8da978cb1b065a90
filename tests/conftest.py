"""What all tests share: the rule for skips on the project's CI machine, and where data sets lie.

Elsewhere a test may be skipped, with its reason. On CI (`CI=true`) a skip is a failure, since a
test that never runs proves nothing, unless its reason begins with `ALLOWED_SKIP`.
"""

import os
import shutil
import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from emptied import emptied
from sharing import folder_of_run, shared

from infra.kafka_broker import BrokerError, KafkaBroker
from infra.warehouse import Warehouse

ALLOWED_SKIP = "cannot be otherwise: "
"""How the reason begins of a skip that holds on CI too: nothing could be done there to run it."""

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
DATA_SETS = os.environ.get("SALESTAPE_DATA_SETS")
"""Read at once: tests of commands take such variables away."""

# Patience beyond what users are given: several tests share few cores, and wait for brokers that do.
os.environ.setdefault("SALESTAPE_KAFKA_SECONDS", "60")
# A broker that lives for a minute gains nothing from code that is compiled to the last degree.
os.environ.setdefault("KAFKA_HEAP_OPTS", "-Xms64m -Xmx256m -XX:TieredStopAtLevel=1")

pytest_plugins = ["pytester"]
pytest.register_assert_rewrite("tape_contract")


def on_ci() -> bool:
    return os.environ.get("CI", "").lower() in ("true", "1")


LONGEST = (
    "chaos",
    "integration/cli",
    "browser",
    "contract",
    "property",
    "integration/query",
    "integration/figures",
    "integration/questions",
    "integration/deploy",
)
"""The folders that begin: what takes long must not be what the others wait for at the end.

Beside each other are those that want the views of all that ships, which an engine then keeps.
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest tests first; pytest-xdist keeps this order with `--no-loadscope-reorder`."""

    def place(item: pytest.Item) -> int:
        folder = item.path.relative_to(HERE).parent.as_posix()
        return LONGEST.index(folder) if folder in LONGEST else len(LONGEST)

    items.sort(key=place)


def _judge_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if not on_ci() or not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    reason = reason.removeprefix("Skipped: ")
    if not reason.startswith(ALLOWED_SKIP):
        report.outcome = "failed"
        report.longrepr = f"skipped, which is a failure on CI: {reason}"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    report = yield
    _judge_skip(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, Any, Any]:
    report = yield
    _judge_skip(report)
    return report


@pytest.fixture(scope="session")
def data_sets() -> Path:
    """The folder of the public data sets: `maven_crm`, `adventureworks`, `online_retail`."""
    folder = Path(DATA_SETS) if DATA_SETS else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(
            f"the public data sets are not here: {folder} is no folder; name theirs in "
            "SALESTAPE_DATA_SETS"
        )
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the system's Chromium or Chrome."""
    named = os.environ.get("SALESTAPE_CHROMIUM")
    known = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"]
    names = [named] if named else known
    for name in names:
        path = shutil.which(name)
        if path is not None:
            return path
    pytest.skip(
        f"there is no Chromium here ({', '.join(names)}); see infra/deploy/install-chromium.sh"
    )


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Generator[str, None, None]:
    """The address of an Apache Kafka broker, shared by the tests: each takes a topic of its own.

    One named in SALESTAPE_KAFKA, else a container where Docker answers, else Kafka's own jars; all
    processes of a run share what the first of them started.
    """
    if named := os.environ.get("SALESTAPE_KAFKA"):
        yield named
        return
    own = tmp_path_factory.mktemp("kafka")
    with shared(folder_of_run(tmp_path_factory), "kafka", lambda: some_broker(own)) as address:
        yield address


@contextmanager
def some_broker(folder: Path) -> Generator[str, None, None]:
    """Run a broker in a container where Docker answers, else from Kafka's own jars."""
    if docker_answers():
        from testcontainers.community.kafka import KafkaContainer

        with KafkaContainer("confluentinc/cp-kafka:8.1.0").with_kraft() as container:
            yield container.get_bootstrap_server()
    else:
        with broker_of_jars(folder) as broker:
            yield broker.address


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Generator[KafkaBroker, None, None]:
    """A broker of the module's own; its tests take `broker`."""
    with broker_of_jars(tmp_path_factory.mktemp("own-kafka")) as started:
        yield started


@pytest.fixture
def broker(own_broker: KafkaBroker) -> Generator[KafkaBroker, None, None]:
    """A broker that the test may kill, pause and start again; it serves when the test begins."""
    own_broker.start()
    yield own_broker
    own_broker.go_on()


def docker_answers() -> bool:
    """Tell whether a Docker engine can be reached."""
    # Docker's own client leaks a socket where nobody answers, which would be a failure here.
    engine = urlsplit(os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock")
    try:
        if engine.scheme == "unix":
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(engine.path)
        else:
            socket.create_connection((engine.hostname, engine.port or 2375), 5).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="session")
def clickhouse_server() -> Generator[str, None, None]:
    """The URL of a ClickHouse server that the tests may fill.

    One named in SALESTAPE_CLICKHOUSE, else a container where Docker answers.
    """
    if named := os.environ.get("SALESTAPE_CLICKHOUSE"):
        yield named
        return
    if not docker_answers():
        pytest.skip(
            f"{ALLOWED_SKIP}no Docker engine answers, and SALESTAPE_CLICKHOUSE names no server "
            "(clickhouse://user:password@host:port)"
        )
    from testcontainers.community.clickhouse import ClickHouseContainer

    image = "clickhouse/clickhouse-server:26.8.20.9"
    with ClickHouseContainer(image, username="writer", password="writes-here") as container:
        port = container.get_exposed_port(8123)
        yield f"clickhouse://writer:writes-here@{container.get_container_host_ip()}:{port}"


@contextmanager
def broker_of_jars(folder: Path) -> Generator[KafkaBroker, None, None]:
    """Run a broker from Apache Kafka's jars; skip where Java or Maven cannot be had."""
    broker = KafkaBroker(folder)
    try:
        broker.start()
    except BrokerError as error:
        pytest.skip(f"there is no Apache Kafka here: {error}")
    try:
        yield broker
    finally:
        broker.go_on()
        broker.stop()


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Generator[Warehouse, None, None]:
    """The one embedded engine of the test process: the engine takes one folder per process.

    It waits for no disk: nothing of it is to outlive the tests.
    """
    with Warehouse(f"chdb://{tmp_path_factory.mktemp('engine')}", durable=False) as opened:
        yield opened


@pytest.fixture
def empty_warehouse(warehouse: Warehouse) -> Warehouse:
    """The engine with none of the platform's databases in it."""
    return emptied(warehouse)
