"""One realistic example of every event type and version, as a client would send it.

The examples are invented. They are the input of tests and of the documentation.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

_SUFFIX = ".json"


def example(name: str) -> bytes:
    """Return the JSON of the example of an event type, old versions included.

    Raises `LookupError` where there is none.
    """
    found = examples().get(name)
    if found is None:
        raise LookupError(f"{name} has no example in events/examples")
    return found


@cache
def examples() -> Mapping[str, bytes]:
    """Return every event type that has an example and the example's JSON, by name."""
    entries = [entry for entry in files(__package__).iterdir() if entry.name.endswith(_SUFFIX)]
    return MappingProxyType(
        {
            entry.name.removesuffix(_SUFFIX): entry.read_bytes()
            for entry in sorted(entries, key=lambda entry: entry.name)
        }
    )
