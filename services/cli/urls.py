"""What the URLs of tape and warehouse say about the size of a platform."""

from infra.urls import shown_url


def held_by_one(tape: str, warehouse: str) -> str | None:
    """Return which of the two only one process can have; None where both are shared.

    Then several processes work side by side; otherwise one has the data folder and does all.
    """
    if warehouse.startswith("chdb:"):
        return f"the warehouse {shown_url(warehouse)} is embedded"
    if not tape.startswith("kafka:"):
        return f"the tape {shown_url(tape)} is a file"
    return None
