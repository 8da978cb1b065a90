"""Replaying a deal from the ledger: every record of it, judged and folded in Python."""

from datetime import datetime

from clickhouse_connect.driver.client import Client

from services.audit.history import DealReplay


def replay(
    client: Client,
    deal: str,
    at: str | datetime | None = None,
    known: str | datetime | None = None,
) -> DealReplay:
    """Return the history of a deal: what happened up to `at`, as the tape knew it at `known`.

    Times are ISO 8601, in UTC where they say nothing else; a bare day means its end. Raises
    `UnknownDeal`, or `ValueError` for a time that cannot be read.
    """
    raise NotImplementedError
