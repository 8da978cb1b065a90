"""Why the engine refused a definition, in its own words, without what only its authors need."""

import re

_NOISE = (
    re.compile(r"^.*?DB::Exception: ", re.DOTALL),
    re.compile(r"[:.]? ?(In scope|In query) .*?(?=\. Maybe you meant|\Z)", re.DOTALL),
    re.compile(r"(: )?[Ww]hile (executing|processing) .*\Z", re.DOTALL),
    re.compile(r"\. Expected one of: .*\Z", re.DOTALL),
    re.compile(r" Note: there are .*\Z", re.DOTALL),
    re.compile(r"\s*\([A-Z0-9_]+\)\s*(\(version .*\))?\s*\Z"),
)


def reason_of(message: str) -> str:
    """Return a message without its code, its scopes and what else the engine might have taken."""
    for noise in _NOISE:
        message = noise.sub("", message)
    return " ".join(message.split())
