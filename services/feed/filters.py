"""Which events of the feed a reader wants: by type, account, deal, rep and team."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from events.catalogue import CATALOGUE
from services.feed.items import Item

TeamOf = Callable[[str], str | Collection[str] | None]
"""Tells the team of a rep, or the teams. Called for each event, so it must answer from memory."""


class BadFilter(ValueError):
    """A filter that can never let anything through."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Lets an event through when each part that is given names it; an empty part lets all."""

    types: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()
    deals: frozenset[str] = frozenset()
    actors: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()
    team_of: TeamOf | None = None

    def lets(self, item: Item) -> bool:
        """Tell whether a reader wants this event."""
        if self.types and item.type not in self.types:
            return False
        if self.accounts and item.account not in self.accounts:
            return False
        if self.deals and item.deal not in self.deals:
            return False
        if self.actors and item.actor not in self.actors:
            return False
        return not self.teams or self._is_of_a_team(item.actor)

    def _is_of_a_team(self, actor: str | None) -> bool:
        if actor is None or self.team_of is None:
            return False
        found = self.team_of(actor)
        if found is None:
            return False
        return found in self.teams if isinstance(found, str) else not self.teams.isdisjoint(found)


def types_of(names: Iterable[str]) -> frozenset[str]:
    """Return the event types that names stand for: each a whole type, or how some begin.

    ``sales.deal`` and ``sales.deal.won`` stand for all types that go on with a dot. Raises
    `BadFilter` for a name that no type begins with.
    """
    found: set[str] = set()
    for name in names:
        stem = name.removesuffix("*").removesuffix(".")
        types = [known for known in CATALOGUE if known == stem or known.startswith(f"{stem}.")]
        if not types:
            raise BadFilter(
                f"type: no event type is called {name} or begins with it; "
                "give one such as sales.deal.won.v1, or a beginning such as sales.deal"
            )
        found.update(types)
    return frozenset(found)
