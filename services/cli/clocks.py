"""Reads the clocks that a person gives, before anything is opened."""

from services.cli.failures import Misused


def clock_option(option: str, given: str | None) -> str | None:
    """Return a time as it was given, where it can be read. Raises `Misused` naming the option."""
    if given is None:
        return None
    from projections.moments import moment_of

    try:
        moment_of(given)
    except ValueError as error:
        raise Misused(f"{option}: {error}") from error
    return given


def both_clocks(as_of: str | None, known_at: str | None) -> tuple[str | None, str | None]:
    """Return what `--as-of` and `--known-at` were given. Raises `Misused` naming the option."""
    return clock_option("--as-of", as_of), clock_option("--known-at", known_at)
