"""What Kafka says of itself, of the topic of a tape, and of a group that follows it; for people.

Asks once and changes nothing. What a broker runs it does not tell, so its version stays unknown.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import errors
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment

from infra.settings import KafkaSettings
from infra.tape.kafka_client import options, told
from infra.tape.kafka_topic import config_of

CONFIGS = (
    "cleanup.policy",
    "message.timestamp.type",
    "min.insync.replicas",
    "retention.bytes",
    "retention.ms",
)
"""Of the topic's settings, those that say whether it keeps everything."""

SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition: the broker that leads it (-1 for none), and how many copies it has."""

    number: int
    leader: int
    copies: int
    in_sync: int


@dataclass(frozen=True, slots=True)
class Member:
    """One process in a group, as the broker sees it."""

    client: str
    host: str
    partitions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found. `members` are those of the group, None where Kafka does not say; `state` is
    its word for the group, or why it does not say."""

    brokers: tuple[str, ...]
    topic: str
    partitions: tuple[Partition, ...]
    config: dict[str, str]
    group: str
    state: str
    members: tuple[Member, ...] | None


def survey(servers: Sequence[str], topic: str, group: str, settings: KafkaSettings) -> Survey:
    """Ask the brokers at `servers`, each host:port. Blocks for ten seconds at most.

    Raises `TapeUnavailable` or `TapeRefused`.
    """
    with told(f"Kafka at {','.join(servers)}"):
        return asyncio.run(asyncio.wait_for(_asked(servers, topic, group, settings), SECONDS))


async def _asked(servers: Sequence[str], topic: str, group: str, settings: KafkaSettings) -> Survey:
    admin = AIOKafkaAdminClient(**options(servers, settings))
    try:
        await admin.start()
        cluster = await admin.describe_cluster()
        (described,) = await admin.describe_topics([topic])
        if described["error_code"]:
            raise errors.for_code(described["error_code"])(f"topic {topic}")
        config = await config_of(admin, topic, CONFIGS)
        state, members = await _group(admin, topic, group)
    finally:
        await admin.close()
    return Survey(
        brokers=tuple(sorted(f"{one['host']}:{one['port']}" for one in cluster["brokers"])),
        topic=topic,
        partitions=tuple(sorted(map(_partition, described["partitions"]), key=_number)),
        config=config,
        group=group,
        state=state,
        members=members,
    )


async def _group(
    admin: AIOKafkaAdminClient, topic: str, group: str
) -> tuple[str, tuple[Member, ...] | None]:
    try:
        (answer,) = await admin.describe_consumer_groups([group])
    except errors.KafkaError as error:
        # A broker that never had a group has no coordinator yet, and a user may not be let see it.
        return type(error).__name__, None
    ((code, _, state, _, _, members, *_),) = answer.groups
    if code:
        return errors.for_code(code).__name__, None
    return state, tuple(sorted((_member(topic, *one) for one in members), key=_first))


def _member(
    topic: str, _id: str, client: str, host: str, _metadata: bytes, assignment: bytes
) -> Member:
    parts: list[int] = []
    if assignment:
        decoded = ConsumerProtocolMemberAssignment.decode(assignment)
        parts = [part for name, given in decoded.assignment if name == topic for part in given]
    return Member(client, host.removeprefix("/"), tuple(sorted(parts)))


def _partition(told_of: dict[str, Any]) -> Partition:
    return Partition(
        told_of["partition"], told_of["leader"], len(told_of["replicas"]), len(told_of["isr"])
    )


def _number(partition: Partition) -> int:
    return partition.number


def _first(member: Member) -> tuple[tuple[int, ...], str]:
    return member.partitions, member.client
