"""Whatever is killed, stopped or cut off, the cluster loses and doubles nothing, and catches up.

`SALESTAPE_FAULTS` sets how many faults there are; `make chaos` asks for 100, and then each planted
fault must be found, too.
"""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import Cluster
from killed_platform import write_importer
from planted import PLANTED
from storm import Storm

from infra.kafka_broker import KafkaBroker

FAULTS = int(os.environ.get("SALESTAPE_FAULTS", "2"))
LONG = FAULTS > 10
ORDERS = 400 * FAULTS
REBUILT = () if LONG else ("accounts", "deals")
PER_LOOK = 5
"""How many faults there are between two looks at everything."""


@pytest.fixture
def cluster(broker: KafkaBroker, tmp_path: Path) -> Iterator[Cluster]:
    with Cluster(broker, tmp_path, few=not LONG) as running:
        yield running


@pytest.mark.timeout(900 + 120 * FAULTS)
def test_nothing_is_lost_doubled_or_left_stale(
    cluster: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    importer, export = write_importer(tmp_path, ORDERS)
    imported = threading.Event()

    def import_until_done() -> None:
        while not imported.is_set():
            done = cluster.run("import", str(importer), str(export), data=tmp_path / "import")
            if done.returncode == 0:
                imported.set()

    importing = threading.Thread(target=import_until_done)
    with Storm(cluster, FAULTS, between=0.0 if LONG else 0.5) as storm:
        importing.start()
        try:
            for number in range(1, FAULTS + 1):
                storm.wait(0.2, 1.5)
                told = storm.strike()
                with capsys.disabled():
                    print(f"{number}/{FAULTS} {told}", flush=True)  # noqa: T201 - for who waits
                if number % PER_LOOK == 0:
                    storm.look()
                if number == FAULTS // 2:
                    cluster.mend()
                    storm.rebuild(tmp_path / "rebuild", *REBUILT)
        finally:
            cluster.mend()
            importing.join(600)
            imported.set()
    cluster.mend()
    storm.check()
    if LONG:
        cluster.empty_the_warehouse()
        storm.check()
    orders = [one for one in storm.follower.fold.records if one.event["source"] == "orders"]
    assert len(orders) == ORDERS


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("fault", sorted(PLANTED))
def test_a_planted_fault_is_found(cluster: Cluster, tmp_path: Path, fault: str) -> None:
    with Storm(cluster, 1) as storm:
        storm.wait(2.0, 3.0)
        storm.look()  # while nothing is planted, nothing is found
        for projector in cluster.projectors:
            projector.stop()
            projector.fault = fault
            projector.launch()
        cluster.mend()
        with pytest.raises(AssertionError):
            batter(storm, tmp_path)


def batter(storm: Storm, folder: Path) -> None:
    """Kill the projectors again and again, build tables anew, lose the warehouse."""
    for _ in range(5):
        storm.wait(2.0, 3.0)
        for projector in storm.cluster.projectors:
            storm.kill(projector)
        storm.look()
    storm.rebuild(folder / "rebuild")
    storm.cluster.empty_the_warehouse()
    storm.check()
