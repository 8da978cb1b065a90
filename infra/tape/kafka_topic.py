"""The topic of a Kafka tape: made as a tape must be, and refused where it is made to forget."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from aiokafka import errors
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from infra.settings import KafkaSettings
from infra.tape.contract import TapeRefused, TapeUnavailable

MAX_BATCH_BYTES = 512 * 1024
"""The largest batch that is sent: room for the largest record and its key."""

_USUAL_BYTES = 1_048_588
"""The largest batch that Kafka's topics take where nothing is set."""

_COPIES = 3
"""How many copies a topic gets, where there are as many brokers and nothing else is set."""

_KEPT = {
    "cleanup.policy": "delete",
    "retention.ms": "-1",
    "retention.bytes": "-1",
    "message.timestamp.type": "LogAppendTime",
    "unclean.leader.election.enable": "false",
}
_MAX_MESSAGE_BYTES = "max.message.bytes"
_MIN_IN_SYNC = "min.insync.replicas"


@dataclass(frozen=True, slots=True)
class Topic:
    """What a reader must know of the topic."""

    partitions: int
    max_message_bytes: int


async def prepare(
    given: dict[str, Any],
    name: str,
    settings: KafkaSettings,
    *,
    make: bool = True,
    least: int = MAX_BATCH_BYTES,
) -> Topic:
    """Make the topic if it is not there, and check it.

    `least` is how large a batch it must take, in bytes. Raises `TapeRefused` when it would forget,
    or lose what was acknowledged, or is not there and not to be made; and Kafka's errors.
    """
    admin = AIOKafkaAdminClient(**given)
    try:
        await admin.start()
        # Asking for a topic by name would make it, on brokers that make topics by themselves.
        if name not in await admin.list_topics():
            if not make:
                raise TapeRefused(f"there is no topic {name}")
            await _make(admin, name, settings, max(_USUAL_BYTES, least))
        (described,) = await admin.describe_topics([name])
        if described["error_code"]:
            raise errors.for_code(described["error_code"])(f"topic {name}")
        partitions = described["partitions"]
        if not partitions or any(part["leader"] < 0 for part in partitions):
            raise TapeUnavailable(f"the topic {name} has partitions without a leader; try again")
        copies = min(len(part["replicas"]) for part in partitions)
        config = await config_of(admin, name, [*_KEPT, _MAX_MESSAGE_BYTES, _MIN_IN_SYNC])
    finally:
        await admin.close()
    _check(name, config, copies, least)
    return Topic(len(partitions), int(config[_MAX_MESSAGE_BYTES]))


async def _make(
    admin: AIOKafkaAdminClient, name: str, settings: KafkaSettings, largest: int
) -> None:
    brokers = len((await admin.describe_cluster())["brokers"])
    copies = settings.replication or max(1, min(_COPIES, brokers))
    config = _KEPT | {_MAX_MESSAGE_BYTES: str(largest), _MIN_IN_SYNC: str(min(2, copies))}
    made = await admin.create_topics(
        [NewTopic(name, settings.partitions, copies, topic_configs=config)]
    )
    for _, code, message in made.topic_errors:
        kind = errors.for_code(code)
        if kind is errors.InvalidReplicationFactorError and copies <= brokers:
            raise TapeUnavailable(f"the topic {name} cannot be made yet: {message}; try again")
        if kind is errors.InvalidReplicationFactorError:
            raise TapeRefused(
                f"the topic {name} cannot have {copies} copies: {message}; set "
                "SALESTAPE_KAFKA_REPLICATION to at most the number of brokers"
            )
        if kind not in (errors.NoError, errors.TopicAlreadyExistsError):
            raise kind(f"topic {name}: {message}")


async def config_of(admin: AIOKafkaAdminClient, topic: str, names: Iterable[str]) -> dict[str, str]:
    """Return what the broker has these settings of a topic at. Raises Kafka's errors."""
    wanted = dict.fromkeys(names)
    resource = ConfigResource(ConfigResourceType.TOPIC, topic, configs=wanted)
    (answer,) = await admin.describe_configs([resource])
    ((code, message, _, _, entries),) = answer.resources
    if code:
        raise errors.for_code(code)(f"topic {topic}: {message}")
    return {entry[0]: entry[1] for entry in entries}


def _check(name: str, config: dict[str, str], copies: int, least: int) -> None:
    wrong = {key: value for key, value in _KEPT.items() if config[key] != value}
    if int(config[_MAX_MESSAGE_BYTES]) < least:
        wrong[_MAX_MESSAGE_BYTES] = str(max(_USUAL_BYTES, least))
    if copies > 1 and int(config[_MIN_IN_SYNC]) < 2:
        wrong[_MIN_IN_SYNC] = "2"
    if not wrong:
        return
    found = ", ".join(f"{key} is {config[key]} and must be {value}" for key, value in wrong.items())
    change = ",".join(f"{key}={value}" for key, value in wrong.items())
    raise TapeRefused(
        f"the topic {name} is no tape, since it would forget or lose records: {found}; change it "
        f"(kafka-configs.sh --alter --entity-type topics --entity-name {name} --add-config "
        f"{change}) or name another topic"
    )
