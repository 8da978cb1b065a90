"""One bad thing after another to a cluster under load, and looks at everything in between."""

import random
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path

from cluster import Cluster, Process
from faulty_link import MODES
from killed_platform import PATIENCE
from plain_fold import QUERIES, Fold, content, differences
from told_floor import FloorPoster

from infra.kafka_broker import KafkaBroker
from infra.tape import Tape


class Follower:
    """Reads the tape as it grows, and knows what must be in the tables."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._position: dict[int, int] = {}
        self.fold = Fold()

    def read_on(self) -> None:
        while records := self._tape.read(self._position, 10_000):
            self.fold.add(records)
            for record in records:
                self._position[record.partition] = record.offset + 1

    def counted(self) -> Counter[str]:
        return Counter(content(told.event) for told in self.fold.records)


class Storm:
    """Load on a cluster, faults, and judgement. Use it as a context manager: it ends the load."""

    def __init__(self, cluster: Cluster, seed: int, between: float = 0.0) -> None:
        """`between` is how many seconds each poster pauses between two batches."""
        self.cluster = cluster
        self.draw = random.Random(seed)
        address = cluster.gateway.address
        self.posters = [FloorPoster(address, number, between=between) for number in (1, 2)]
        self.follower = Follower(cluster.tape)
        self._pause = threading.Event()

    def __enter__(self) -> "Storm":
        for poster in self.posters:
            poster.start()
        return self

    def __exit__(self, *_: object) -> None:
        for poster in self.posters:
            poster.stop()

    def wait(self, least: float, most: float) -> None:
        self._pause.wait(self.draw.uniform(least, most))

    def strike(self) -> str:
        """Do one bad thing to the cluster, let it last a moment, and say what it was."""
        victims: list[Process | KafkaBroker] = [*self.cluster.processes, self.cluster.broker]
        victim = self.draw.choice(victims)
        match self.draw.choice(("kill", "kill", "kill", "stop", "link", "leave")):
            case "kill":
                return self.kill(victim)
            case "stop":
                victim.pause()
                self.wait(0.5, 8.0)
                victim.go_on()
                return f"{_name(victim)} stood still"
            case "link":
                mode = self.draw.choice(MODES)
                self.cluster.link.set(mode)
                self.wait(0.5, 4.0)
                self.cluster.link.set("sound")
                return f"the link to the warehouse: {mode}"
            case _:
                leaving = self.draw.choice(self.cluster.projectors)
                leaving.stop()
                self.wait(0.5, 3.0)
                leaving.launch()
                return f"{leaving.name} left and came back"

    def kill(self, victim: Process | KafkaBroker) -> str:
        """Kill a process, and start it again after a moment."""
        victim.kill()
        self.wait(0.0, 2.0)
        if isinstance(victim, KafkaBroker):
            victim.start()
        else:
            victim.launch()
        return f"{_name(victim)} was killed"

    def look(self) -> None:
        """Mend everything, hold the load, and compare tape and tables with what was told."""
        self.cluster.mend()
        for poster in self.posters:
            poster.pause()
        self.check()
        for poster in self.posters:
            poster.go_on()

    def check(self) -> None:
        """Compare tape and tables with what was told, once nothing moves any more."""
        trouble = [one for poster in self.posters for one in poster.trouble]
        assert trouble == [], trouble[:3]
        while True:
            ends = self.cluster.tape.ends()
            self.cluster.wait_until_followed()
            self.follower.read_on()
            tables = self.cluster.tables()
            if self.cluster.tape.ends() == ends:  # an import may still be at work
                break
        counted = self.follower.counted()
        acknowledged = set().union(*(poster.contents for poster in self.posters))
        assert len(acknowledged) > 25
        lost = [one for one in acknowledged if not counted[one]]
        assert lost == [], f"lost: {len(lost)}, such as {lost[:3]}"
        doubled = [one for one, times in counted.items() if times > 1]
        assert doubled == [], f"doubled: {len(doubled)}, such as {doubled[:3]}"
        stale = differences(self.follower.fold.tables(), tables)
        assert stale == [], "\n".join(stale)

    def rebuild(self, folder: Path, *names: str) -> None:
        """Have tables built anew, all by default; people must not see one that is not whole yet."""
        for poster in self.posters:
            poster.pause()
        self.check()
        sizes = ", ".join(f"(SELECT count() FROM sales.{name})" for name in QUERIES)
        before = self.cluster.rows(f"SELECT {sizes}")
        seen: list[object] = []
        done = threading.Event()

        def watch() -> None:
            while not done.wait(0.1):
                with suppress(Exception):  # a view may be replaced while it is asked
                    if (found := self.cluster.rows(f"SELECT {sizes}")) != before:
                        seen.append(found)

        watching = threading.Thread(target=watch)
        watching.start()
        try:
            rebuilt = self.cluster.run("rebuild", *names, data=folder)
        finally:
            done.set()
            watching.join(PATIENCE)
        assert rebuilt.returncode == 0, rebuilt
        assert seen == [], f"not whole while they were built anew: {before}"
        self.check()
        for poster in self.posters:
            poster.go_on()


def _name(victim: Process | KafkaBroker) -> str:
    return victim.name if isinstance(victim, Process) else "the broker"
