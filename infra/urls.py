"""URLs of tapes and warehouses, as people and logs may see them."""

import re

_SECRET = re.compile(r"(?<=://)([^:/@]*):.*@")


def shown_url(url: str) -> str:
    """Return a URL without the password in it; whatever follows it up to the last @ counts."""
    return _SECRET.sub(r"\1:…@", url)
