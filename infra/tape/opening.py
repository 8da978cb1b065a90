"""Opens the tape that a URL names: one scheme per size."""

import re
from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from infra import clock
from infra.settings import KafkaSettings, load
from infra.tape.contract import Tape, TapeRefused
from infra.tape.copying import CopyTarget
from infra.tape.sqlite import SQLiteTape

if TYPE_CHECKING:
    from infra.tape.kafka_dead_letters import KafkaDeadLetters

_SERVER = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\[\]:,@/\s]+):(\d{1,5})")
_TOPIC = re.compile(r"(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}")


def open_tape(url: str, now: Callable[[], datetime] = clock.now) -> Tape:
    """Open the tape at `url`.

    ``sqlite:///var/lib/salestape/tape.sqlite``: the path is absolute; characters that mean
    something in a URL (``#``, ``?``, ``%``) are percent-encoded. `now` gives its time of recording.

    ``kafka://host:port,host:port/topic``: the topic is ``sales.events.v1`` unless it is named; the
    brokers give the time of recording. Reads the settings of Kafka.

    Raises `TapeRefused` for a URL that names no tape, `SettingsError`, and what opening raises.
    """
    return _open(url, now, make=True)


def open_copy_source(url: str) -> Tape:
    """Open the tape at `url` as `open_tape` does, without making one where none is."""
    return _open(url, clock.now, make=False)


def open_copy_target(url: str) -> CopyTarget:
    """Open the tape at `url` as `open_tape` does, for a copy: only `infra.tape.copying` may."""
    return _open(url, clock.now, make=True)


def open_dead_letters(url: str) -> "KafkaDeadLetters | None":
    """Open the dead letters of the tape at `url`; None where the tape is a file, and has no topic
    for them: there the warehouse tells what was rejected.

    Raises as `open_tape` does.
    """
    if file_of(url) is not None:
        return None
    servers, topic = kafka_place(url)
    tape, letters = map(_cluster_module, ("infra.tape.kafka", "infra.tape.kafka_dead_letters"))
    opened: KafkaDeadLetters = letters.KafkaDeadLetters(
        servers, topic or tape.TOPIC, load(KafkaSettings)
    )
    return opened


def file_of(url: str) -> Path | None:
    """Return the file that holds the tape at `url`; None where it is not in a file.

    Raises `TapeRefused` for a URL that names no tape.
    """
    parts = urlsplit(url)
    if parts.scheme == "kafka":
        return None
    if parts.scheme != "sqlite":
        raise TapeRefused(
            f"{parts.scheme or url!r} is no scheme of a tape; use sqlite:///path/to/tape.sqlite or "
            "kafka://host:port"
        )
    if parts.netloc or parts.query or parts.fragment or len(parts.path) < 2:
        raise TapeRefused(
            f"{url!r} names no file; a tape is named sqlite:///path/to/tape.sqlite, with three "
            "slashes and an absolute path"
        )
    return Path(unquote(parts.path))


def _open(url: str, now: Callable[[], datetime], *, make: bool) -> CopyTarget:
    path = file_of(url)
    if path is None:
        return _open_kafka(url, make)
    if not make and not path.is_file():
        raise TapeRefused(f"there is no tape {path}")
    return SQLiteTape(path, now)


def _open_kafka(url: str, make: bool) -> CopyTarget:
    servers, topic = kafka_place(url)
    kafka = _cluster_module("infra.tape.kafka")
    tape: CopyTarget = kafka.KafkaTape(
        servers, topic or kafka.TOPIC, load(KafkaSettings), make=make
    )
    return tape


def kafka_place(url: str) -> tuple[list[str], str]:
    """Return the servers and the topic that a URL names; the topic may be empty."""
    place, _, topic = url.removeprefix("kafka://").partition("/")
    servers = place.split(",")
    # A password in a URL would be in logs and process lists, so none is taken, nor is it repeated.
    if "@" in place:
        raise TapeRefused("a kafka:// URL holds no user; set SALESTAPE_KAFKA_USER and _PASSWORD")
    if not all(_SERVER.fullmatch(server) for server in servers):
        raise TapeRefused(
            f"{url!r} names no brokers; a tape is named kafka://host:port[,host:port][/topic]"
        )
    if topic and not _TOPIC.fullmatch(topic):
        raise TapeRefused(
            f"{topic!r} is no name of a topic: letters, digits, '.', '_' and '-', at most 249"
        )
    return servers, topic


def _cluster_module(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != "aiokafka":
            raise
        raise TapeRefused(
            "a tape on Kafka needs the package aiokafka; install salestape[cluster]"
        ) from error
