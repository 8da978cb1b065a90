"""The parts of a platform of many processes, as far as they can be seen from here.

What cannot be known is None, never guessed: Kafka does not tell what version its brokers run, and
gateways and consoles of other data folders are known to nobody.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import httpx

from infra.lock import Holder
from infra.settings import KafkaSettings, ProjectorSettings, load
from infra.tape import TapeError
from infra.tape.opening import kafka_place

if TYPE_CHECKING:
    from infra.tape.kafka_survey import Survey

PATIENCE_SECONDS = 1.0
"""How long a process may take to say how it is."""

FORGETFUL = {"retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete"}
"""What the settings of a topic that keeps everything say."""


def kafka_of(tape: str) -> dict[str, Any]:
    """Return what the brokers of a tape ``kafka://…`` say, or under `trouble` why they do not."""
    try:
        servers, named = kafka_place(tape)
        # Kafka's client is there only where the tape can be on Kafka.
        from infra.tape.kafka import TOPIC
        from infra.tape.kafka_survey import survey

        topic = named or TOPIC
        group = load(ProjectorSettings).group or f"salestape.{topic}"
        found = survey(servers, topic, group, load(KafkaSettings))
    except ModuleNotFoundError as error:
        if error.name != "aiokafka":
            raise
        return {"trouble": "a tape on Kafka needs the package aiokafka; install salestape[cluster]"}
    except TapeError as error:
        return {"trouble": str(error)}
    return asdict(found) | {"version": None, "keeps_everything": _keeps(found)}


def _keeps(found: "Survey") -> bool:
    return all(found.config.get(name) == value for name, value in FORGETFUL.items())


def processes(holder: Holder | None, kafka: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return the processes that can be found: who has the data folder, and the group's members."""
    found = []
    if holder is not None:
        found.append(
            {
                "part": holder.command.partition(" ")[0],
                "place": holder.address,
                "pid": holder.pid,
                "status": None,
                "partitions": None,
            }
        )
    members = (kafka or {}).get("members")
    return found + (_projectors(members) if members else [])


def _projectors(members: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    told = {
        tuple(sorted(one["partition"] for one in state["partitions"])): (place, state)
        for place, state in _answers(members)
    }
    found = []
    for member in members:
        place, state = told.get(tuple(member["partitions"]), (member["host"], {}))
        found.append(
            {
                "part": "projector",
                "place": place,
                "worker": state.get("worker"),
                "leader": state.get("leader"),
                "status": state.get("status"),
                "partitions": list(member["partitions"]),
                "trouble": {**state.get("trouble", {}), **state.get("failing", {})},
            }
        )
    return found


def _answers(members: Sequence[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Ask for workers where they are by default: the first port, or the next that were free."""
    first = load(ProjectorSettings).port
    hosts = [member["host"] for member in members]
    found = []
    with httpx.Client(
        timeout=PATIENCE_SECONDS,
        verify=False,  # noqa: S501 - there is no TLS to verify
        trust_env=False,
    ) as client:
        for host in dict.fromkeys(hosts):
            for port in range(first, first + hosts.count(host)):
                try:
                    state = client.get(f"http://{host}:{port}/health").json()
                except (httpx.HTTPError, ValueError):
                    continue  # it listens elsewhere, or for its own machine only
                if isinstance(state, dict) and "worker" in state:
                    found.append((f"http://{host}:{port}", state))
    return found


def advice_on(report: dict[str, Any]) -> list[str]:
    """Return what to do about what is wrong with the parts, one sentence each."""
    advice = []
    kafka = report.get("kafka")
    if kafka is not None:
        advice += _advice_on_kafka(kafka, behind=bool(report.get("lags")))
    for process in report.get("processes", ()):
        advice += [
            f"projector {process['worker']} at {process['place']}: {name}: {why}"
            for name, why in (process.get("trouble") or {}).items()
        ]
    if report.get("definitions") == "other":
        advice.append(
            "the views were made from other definitions than this command knows: run the same "
            "version with the same SALESTAPE_PROJECTIONS everywhere; a projector that starts makes "
            "them anew"
        )
    if report.get("durable") is False:
        advice.append(
            "tables of sales_store do not write to the disk at each insert: a power cut may lose "
            "what the watermark says is there; a projector that starts looks, and appends it again"
        )
    return advice


def _advice_on_kafka(kafka: dict[str, Any], *, behind: bool) -> list[str]:
    if "trouble" in kafka:
        return [kafka["trouble"]]
    advice = []
    if not kafka["keeps_everything"]:
        told = ", ".join(f"{name} = {kafka['config'].get(name)}" for name in FORGETFUL)
        advice.append(f"the topic {kafka['topic']} forgets records ({told}): it must not")
    for one in kafka["partitions"]:
        if one["leader"] < 0:
            advice.append(f"partition {one['number']} has no leader: start its brokers")
        elif one["in_sync"] < one["copies"]:
            advice.append(
                f"partition {one['number']} has {one['in_sync']} of {one['copies']} copies in "
                "sync: start the brokers that are away, or wait until they have caught up"
            )
    if kafka["members"] == () and behind:
        advice.append(
            f"nobody is in the group {kafka['group']}: start `salestape projector`, or set "
            "SALESTAPE_PROJECTOR_GROUP here as there"
        )
    return advice
