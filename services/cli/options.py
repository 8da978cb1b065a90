"""Options that commands share, so that each has one name and one meaning everywhere."""

import logging
from pathlib import Path
from typing import Annotated, Any

import typer

Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        show_default=False,
        help="The data folder; also SALESTAPE_DATA, else ~/.local/share/salestape.",
    ),
]

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]

AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="TIME",
        show_default=False,
        help="Only what had happened by then: 2017-06-30 (its end) or 2017-06-30T12:00:00Z.",
    ),
]

KnownAt = Annotated[
    str | None,
    typer.Option(
        "--known-at",
        metavar="TIME",
        show_default=False,
        help="Only what the tape had learnt by then.",
    ),
]


def tell_what_happens() -> None:
    """Let a command that serves log what happens, without the chatter of its libraries."""
    logging.getLogger().setLevel(logging.INFO)
    for name in ("aiokafka", "httpx", "nicegui", "uvicorn.error"):
        logging.getLogger(name).setLevel(logging.WARNING)


def host_option(needed: str) -> Any:
    """Return `--host` of a command that listens; other machines need the setting `needed`."""
    return typer.Option(
        metavar="ADDRESS",
        show_default=False,
        help=f"Where to listen; 127.0.0.1 by default. Others need {needed}.",
    )


def port_option(default: int) -> Any:
    """Return `--port` of a command that listens."""
    return typer.Option(
        min=0,
        max=65_535,
        show_default=False,
        help=f"The port; by default {default}, or the next one that is free.",
    )
