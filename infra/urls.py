"""What URLs say, and how people and logs may see them."""

import re
from urllib.parse import urlsplit

_SECRET = re.compile(r"(?<=://)([^:/@]*):.*@")


def shown_url(url: str) -> str:
    """Return a URL without the password in it; whatever follows it up to the last @ counts."""
    return _SECRET.sub(r"\1:…@", url)


def has_tls(url: str) -> bool:
    """Return whether a URL is reached with TLS; who has none need not read any certificates, which
    costs more than most requests."""
    return urlsplit(url).scheme == "https"
