"""Options that commands share, so that each has one name and one meaning everywhere."""

import logging
from pathlib import Path
from typing import Annotated

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
