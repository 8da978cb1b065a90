"""`salestape projector`: a worker that keeps a warehouse server true to a tape on Kafka."""

import logging
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from services.cli.failures import Misused
from services.cli.main import app
from services.cli.options import Json, port_option

if TYPE_CHECKING:
    from socket import socket

    from starlette.types import ASGIApp

    from infra.settings import DataSettings
    from infra.tape.kafka_dead_letters import KafkaDeadLetters
    from services.projector.standing import Standing

START_SECONDS = 10.0


@app.command()
def projector(
    host: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            show_default=False,
            help="Where to answer /health and /metrics; 127.0.0.1 by default.",
        ),
    ] = None,
    port: Annotated[int | None, port_option(8421)] = None,
    as_json: Json = False,
) -> None:
    """Follow a tape on Kafka into a ClickHouse server. Start as many as there is work for.

    The workers of a warehouse share the tape's partitions, and one leads. SALESTAPE_TAPE names the
    tape, SALESTAPE_WAREHOUSE the server. Ctrl-C stops it, after what is in hand.
    """
    from infra.settings import DataSettings, load

    data = load(DataSettings)
    _refuse_the_embedded(data)
    # Until Faust listens for it, so that a stop is clean from the first moment on.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    _run(data, host, port, as_json)


def _refuse_the_embedded(data: "DataSettings") -> None:
    if not data.tape.startswith("kafka://"):
        raise Misused(
            "a projector of its own follows a tape on Kafka: set SALESTAPE_TAPE=kafka://host:port; "
            "on a tape in a file, `salestape up` derives"
        )
    if not data.warehouse.startswith(("clickhouse://", "clickhouses://")):
        raise Misused(
            "a projector of its own writes to a server, since one process has an embedded "
            "warehouse: set SALESTAPE_WAREHOUSE=clickhouse://user:password@host:port (`salestape "
            "warehouse` serves the embedded one so)"
        )


def _run(data: "DataSettings", host: str | None, port: int | None, as_json: bool) -> None:
    from infra.clock import new_id
    from infra.settings import KafkaSettings, ProjectorSettings, load
    from infra.tape.opening import kafka_place, open_dead_letters, open_tape
    from infra.warehouse import Warehouse
    from services.cli import output
    from services.cli.definitions import load_definitions
    from services.cli.serving import address_of, listen
    from services.cli.signalling import leader_timer

    settings = load(ProjectorSettings, host=host, port=port)
    definitions = load_definitions()
    servers, topic = kafka_place(data.tape)
    exactly = "port" in settings.model_fields_set
    with (
        listen(settings.host, settings.port, exactly=exactly) as listener,
        closing(open_tape(data.tape)) as tape,
        closing(cast("KafkaDeadLetters", open_dead_letters(data.tape))) as letters,
        Warehouse(data.warehouse) as warehouse,
    ):
        from infra.tape.kafka import TOPIC
        from services.projector.worker import Group, Pace, Worker

        topic = topic or TOPIC
        name = settings.group or f"salestape.{topic}"
        group = Group(servers, topic, load(KafkaSettings), name, settings.session_seconds)
        signals = leader_timer(data, tape, warehouse, definitions)
        worker = Worker(
            new_id().partition("-")[0],
            group,
            tape,
            warehouse,
            definitions,
            Pace(settings.batch_size, settings.derive_share),
            dead_letters=letters.write,
            timers=[] if signals is None else [signals],
        )
        with _served(worker.standing, listener, loopback=settings.is_loopback):
            address = address_of(listener)
            if as_json:
                output.write_json_line({"address": address, "worker": worker.standing.worker})
            else:
                output.out().print(f"This projector follows {topic}")
                output.note(f"its health is at {address}/health; Ctrl-C stops it")
            worker.run()


@contextmanager
def _served(standing: "Standing", listener: "socket", *, loopback: bool) -> Iterator[None]:
    """Serve a worker's health, in a thread and an event loop of its own: it must answer just when
    the worker's loop does not."""
    import uvicorn

    from services.cli.guarding import Guard

    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    guarded = Guard(health_app(standing), loopback=loopback, api_key=None)
    config = uvicorn.Config(guarded, log_config=None, access_log=False, server_header=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(
        target=server.run, args=([listener],), name="projector-health", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)


def health_app(standing: "Standing") -> "ASGIApp":
    """Return the application that tells how a worker stands: `/health` and `/metrics`."""
    from fastapi import FastAPI, Response
    from pydantic_core import to_json

    from services.cli import metrics

    health = FastAPI(title="Salestape projector", docs_url=None, redoc_url=None, openapi_url=None)

    @health.get("/health")
    def tell() -> Response:
        told = standing.told()
        status = 503 if told["status"] == "trouble" else 200
        return Response(to_json(told), status, media_type="application/json")

    @health.get("/metrics")
    def count() -> Response:
        return Response(exposition(standing.told()), media_type=metrics.MEDIA_TYPE)

    return health


def exposition(told: dict[str, Any]) -> str:
    """Return the metrics of a worker; `told` is `Standing.told`'s."""
    from services.cli.metrics import Exposition

    page = Exposition()
    page.add(
        "projector_up",
        "gauge",
        "1 while what comes is taken in and derived.",
        {(): int(told["status"] != "trouble")},
    )
    page.add(
        "projector_leader",
        "gauge",
        "1 on the worker that makes tables and views, and whose timers run.",
        {(): int(told["leader"])},
    )
    page.add(
        "records_rejected_total",
        "counter",
        "Records on the tape that are no events.",
        {(): told["rejected"]},
    )
    for name, key, meaning in (
        ("tape_end", "end", "The offset the next record gets."),
        ("watermark", "position", "The offset before which every record is in the ledger."),
        ("append_lag_records", "lag", "Records on the tape that are not in the ledger yet."),
        ("append_lag_seconds", "lag_seconds", "How long the oldest of them has been on the tape."),
    ):
        page.add(
            name,
            "gauge",
            meaning,
            {(("partition", str(one["partition"])),): one[key] for one in told["partitions"]},
        )
    for name, key, meaning in (
        ("derive_lag_records", "lag", "Records that a derived table has not followed yet."),
        ("derive_lag_seconds", "lag_seconds", "How long the oldest of them has been on the tape."),
    ):
        page.add(
            name,
            "gauge",
            meaning,
            {
                (
                    ("table", one["table"]),
                    ("generation", one["generation"]),
                    ("partition", str(one["partition"])),
                ): one[key]
                for one in told["tables"]
            },
        )
    page.add(
        "failing",
        "gauge",
        "1 for each loop, table, question or timer that does not work.",
        {(("name", name),): 1 for name in (*told["failing"], *told["trouble"])},
    )
    return page.text()
