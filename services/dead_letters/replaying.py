"""Putting dead letters on the tape again that have become events, since their type was added.

Each is judged as the projector judges, with the vocabulary there is now, and handed to the gateway
as any event is: what is on the tape already is found to be so and not appended again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from events.parsing import Rejection, parse_event
from infra.sink import Outcome, Sink
from infra.tape.dead_letters import STORING, Letter, Notice

LOT, LOT_BYTES = 1_000, 8 * 1024 * 1024
"""How many letters are handed in at once, and how many bytes of theirs."""

Became = Literal["appended", "duplicate", "conflict", "rejected", "good", "bad"]

_UNTRIED = (
    "the warehouse refused a value, and whether it still does shows only when the event is tried: "
    "name the letter to try it"
)


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of a letter.

    `appended`, `duplicate`, `conflict` and `rejected` are outcomes of the gateway; `good` is one
    that could be handed in (a rehearsal does not); `bad` is still no event. `reason` says why.
    """

    notice: Notice
    became: Became
    reason: str | None = None

    @property
    def is_told(self) -> bool:
        """Whether what the letter tells is on the tape as an event, or could be."""
        return self.became not in ("bad", "rejected")


def still_bad(letter: Letter, *, named: bool) -> str | None:
    """Return why a letter is no event yet; None where it is one by now.

    What the warehouse refused is an event by its form, and would be refused anew each time, so it
    is tried only when it was `named`.
    """
    if letter.notice.stage == STORING and not named:
        return _UNTRIED
    found = parse_event(letter.value)
    return found.reason if isinstance(found, Rejection) else None


def replay(
    letters: Iterable[Letter], sink: Sink | None, *, named: bool = False
) -> Iterator[Replayed]:
    """Yield what becomes of each letter; without a `sink` nothing is handed in.

    Raises what the sink raises; what was yielded until then is done, and can be done again.
    """
    for lot in _lots(letters):
        judged = [(letter, still_bad(letter, named=named)) for letter in lot]
        good = [letter for letter, reason in judged if reason is None]
        outcomes = iter(_handed_in(good, sink))
        for letter, reason in judged:
            if reason is not None:
                yield Replayed(letter.notice, "bad", reason)
                continue
            outcome = next(outcomes)
            if outcome is None:
                yield Replayed(letter.notice, "good")
            else:
                yield Replayed(letter.notice, outcome.status, outcome.reason)


def _handed_in(good: Sequence[Letter], sink: Sink | None) -> Sequence[Outcome | None]:
    if sink is None or not good:
        return [None] * len(good)
    return sink.accept([letter.value for letter in good])


def _lots(letters: Iterable[Letter]) -> Iterator[list[Letter]]:
    lot: list[Letter] = []
    size = 0
    for letter in letters:
        lot.append(letter)
        size += len(letter.value)
        if len(lot) >= LOT or size >= LOT_BYTES:
            yield lot
            lot, size = [], 0
    if lot:
        yield lot
