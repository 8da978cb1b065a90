"""Where a reader of the feed is, as text: the id of a server-sent event.

``0:41`` says that everything up to offset 41 of partition 0 was seen; several partitions are
joined by commas. A partition that is absent was not seen at all, ``start`` says that nothing was.
"""

import re
from collections.abc import Mapping

START, NOW = "start", "now"

_SEEN = re.compile(r"([0-9]{1,9}):([0-9]{1,18})")


class BadPosition(ValueError):
    """Text that is no position, or a position that the tape does not have."""


def text_of(position: Mapping[int, int]) -> str:
    """Return the text of a position, which maps a partition to the offset to read next."""
    seen = [f"{partition}:{offset - 1}" for partition, offset in sorted(position.items()) if offset]
    return ",".join(seen) or START


def position_of(text: str, ends: Mapping[int, int]) -> dict[int, int]:
    """Return the position that a text says, on a tape that ends at `ends`.

    Raises `BadPosition` for text that says none, or one that this tape does not have.
    """
    if text == NOW:
        return dict(ends)
    if text == START:
        return {}
    position: dict[int, int] = {}
    for part in text.split(","):
        match = _SEEN.fullmatch(part.strip())
        if match is None:
            raise BadPosition(
                f"{text!r} is no position; give start, now, or the id of an event of this feed, "
                "such as 0:41"
            )
        position[int(match[1])] = int(match[2]) + 1
    for partition, offset in position.items():
        if offset > ends.get(partition, 0):
            raise BadPosition(
                f"{text!r} lies beyond the end of this tape, which has {ends.get(partition, 0):,} "
                f"records in partition {partition}; it is a position on another tape; begin again "
                "with start or now"
            )
    return position
