"""`salestape schema` and `docs`: what an event must look like, and the reference pages."""

import sys
from typing import Annotated, Literal

import typer

from services.cli import failures, output
from services.cli.main import app
from services.cli.options import Data, Json


@app.command()
def schema(
    event_type: Annotated[
        str | None,
        typer.Argument(
            metavar="TYPE",
            show_default=False,
            help="An event type, such as sales.deal.won.v1; without one, all of them.",
        ),
    ] = None,
    asyncapi: Annotated[
        bool, typer.Option("--asyncapi", help="Print the AsyncAPI document of the tape instead.")
    ] = False,
    data: Data = None,  # noqa: ARG001 - every command takes it; this one opens no data
    as_json: Json = False,  # noqa: ARG001 - a schema is JSON in any case
) -> None:
    """Print the JSON Schema of an event type, or of all."""
    from events import schema as schemas

    if asyncapi:
        if event_type is not None:
            raise failures.Misused("--asyncapi describes all types; leave out the type")
        output.write_json(schemas.asyncapi())
        return
    try:
        document = schemas.json_schema(event_type)
    except LookupError as error:
        raise failures.Misused(str(error.args[0])) from error
    output.write_json(document)


@app.command()
def docs(
    page: Annotated[
        Literal["questions", "domain"],
        typer.Argument(help="Which page: the questions, or the items of the sales domain."),
    ] = "questions",
    data: Data = None,  # noqa: ARG001 - every command takes it; this one opens no data
    as_json: Json = False,
) -> None:
    """Print a reference page in Markdown.

    That of the questions tells of all, your own among them; that of the domain, what records and
    answers each item of a sales department.
    """
    from projections.describing import questions_page
    from projections.domain import domain_page
    from services.cli.definitions import load_definitions

    written = {"questions": questions_page, "domain": domain_page}[page](load_definitions())
    if as_json:
        output.write_json({"page": written})
    else:
        sys.stdout.write(written)
