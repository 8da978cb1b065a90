"""The URLs of tape and warehouse as people may read them, and which size they mean."""

import re

_SECRET = re.compile(r"(?<=://)([^:/@]*):.*@")


def shown_url(url: str) -> str:
    """Return a URL without the password in it; whatever follows it up to the last @ counts."""
    return _SECRET.sub(r"\1:…@", url)


def is_embedded(warehouse: str) -> bool:
    """Tell whether a warehouse's URL means the engine in the process, which one process has."""
    return warehouse.startswith("chdb:")
