"""The URLs of tape and warehouse: as people may read them, and which size they mean."""

import re

_SECRET = re.compile(r"(?<=://)([^:/@]*):.*@")


def shown_url(url: str) -> str:
    """Return a URL without the password in it; whatever follows it up to the last @ counts."""
    return _SECRET.sub(r"\1:…@", url)


def held_by_one(tape: str, warehouse: str) -> str | None:
    """Return which of the two only one process can have; None where both are shared.

    Then several processes work side by side; otherwise one has the data folder and does all.
    """
    if warehouse.startswith("chdb:"):
        return f"the warehouse {shown_url(warehouse)} is embedded"
    if not tape.startswith("kafka:"):
        return f"the tape {shown_url(tape)} is a file"
    return None
