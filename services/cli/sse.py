"""Reads server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a stream. `id` is the last one told; `data` is empty where only that came."""

    id: str
    data: str


def messages(lines: Iterable[str]) -> Iterator[Message]:
    """Yield the messages of a stream; one that breaks off in the middle is left out."""
    last, data, changed = "", list[str](), False
    for line in lines:
        if not line:
            if changed:
                yield Message(last, "\n".join(data))
            data, changed = [], False
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "id":
            last, changed = value, True
        elif name == "data":
            data.append(value)
            changed = True


def told(frame: bytes) -> dict[str, Any]:
    """Return the event in one framed message."""
    found: dict[str, Any] = json.loads(
        "".join(message.data for message in messages(frame.decode().split("\n")))
    )
    return found
