"""What a command says, and with which code it ends, when something expected goes wrong.

Errors are named here instead of imported: a command that never opened the warehouse need not load
it to fail.
"""

from dataclasses import dataclass

FAILED = 1
"""The answer is no, or it failed."""
USAGE = 2
"""The command cannot be understood."""
UNREACHABLE = 3
"""The data cannot be reached."""

ENGINE = "clickhouse_connect.driver.exceptions.ClickHouseError"
CONNECTION = "urllib3.exceptions.HTTPError"

CODES = {
    ENGINE: UNREACHABLE,
    "infra.lock.FolderInUse": UNREACHABLE,
    "infra.lock.FolderError": UNREACHABLE,
    "infra.settings.catalogue.SettingsError": USAGE,
    "infra.tape.contract.TapeError": UNREACHABLE,
    "infra.warehouse.contract.WarehouseError": UNREACHABLE,
    "projections.registry.DefinitionError": FAILED,
    "services.audit.history.UnknownDeal": FAILED,
    "services.cli.failures.Failed": FAILED,
    "services.cli.failures.Misused": USAGE,
    "services.cli.failures.Unreachable": UNREACHABLE,
    "services.importers.errors.ImporterError": FAILED,
    "services.projector.append.AppendLater": UNREACHABLE,
    "infra.reading.refusals.QueryFailed": FAILED,
    "infra.reading.refusals.Refused": FAILED,
    "services.query.answers.Unanswerable": USAGE,
    "services.query.answers.UnknownQuestion": USAGE,
    CONNECTION: UNREACHABLE,
}
"""The expected errors, by qualified name, and the exit code of each; subclasses share it."""


class Failed(Exception):
    """The command did its work and the answer is no."""


class Misused(Exception):
    """What was asked for does not exist or makes no sense."""


class Unreachable(Exception):
    """The data, or the platform that has it, cannot be reached."""


class Served(Unreachable):
    """The data folder is well, and served by another process that is no platform."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One line for a person and an exit code for a script."""

    message: str
    code: int


def of(error: Exception) -> Failure | None:
    """Return what to say about an error, or None where it is a fault of the program."""
    for kind in type(error).__mro__:
        name = f"{kind.__module__}.{kind.__qualname__}"
        if name in (ENGINE, CONNECTION):
            from infra.warehouse.failures import brief

            return Failure(f"the warehouse refuses to go on: {brief(error)}", CODES[name])
        if name in CODES:
            return Failure(str(error), CODES[name])
    return None
