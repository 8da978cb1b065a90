"""Who works on the floor: territories, teams with their managers, seats and who sits on them when.

Follows from the seed and the sizes alone, never from the accounts. Tells no events; careers are
`careers`' matter.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from services.simulator import names
from services.simulator.config import FloorConfig
from services.simulator.draws import Stream, per_second
from services.simulator.hours import DAY, SECOND, YEAR_DAYS, midnight, moment_of, worked, working

Role = Literal["account_executive", "sdr", "manager"]

_VACANT_DAYS = 25.0


@dataclass(frozen=True, slots=True)
class Team:
    """A team, its manager and the territories it works."""

    name: str
    manager: str
    territories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rep:
    """Somebody on the floor, from one moment to another."""

    index: int
    name: str
    role: Role
    team: Team
    weight: float
    """How many leads and deals come to this rep, compared with the average of 1."""
    joined: int
    left: int | None
    first: bool
    """True for those who were there when the floor started."""

    def works(self, moment: int) -> bool:
        """Whether the rep is there at a moment."""
        return self.joined <= moment and (self.left is None or moment < self.left)


class Roster:
    """Everybody who works on the floor between its start and its end, but for those `absent`."""

    def __init__(self, config: FloorConfig, absent: Collection[str] = ()) -> None:
        self._config = config
        self._start = midnight(config.start)
        self._end = self._start + config.days * DAY
        self.territories = tuple(
            names.territory(index, config.seed) for index in range(config.territories)
        )
        self.teams = tuple(self._team(index) for index in range(config.teams))
        self.managers = tuple(
            Rep(index, team.manager, "manager", team, 1.0, self._start, None, True)
            for index, team in enumerate(self.teams)
        )
        self.reps: list[Rep] = list(self.managers)
        for seat in range(config.reps + config.sdrs):
            self.reps += [rep for rep in self._occupants(seat) if rep.name not in absent]
        self._pools = {
            (territory, role): tuple(
                rep for rep in self.reps if rep.role == role and territory in rep.team.territories
            )
            for territory in self.territories
            for role in ("account_executive", "sdr", "manager")
        }

    def _team(self, index: int) -> Team:
        # With more teams than territories several teams share one; with fewer, a team has several.
        mine = tuple(
            territory
            for place, territory in enumerate(self.territories)
            if index % len(self.territories) == place or place % self._config.teams == index
        )
        manager = names.rep(index, mine[0])
        return Team(f"{mine[0]} team {index + 1}", manager, mine)

    def _occupants(self, seat: int) -> list[Rep]:
        config = self._config
        executive = seat < config.reps
        role: Role = "account_executive" if executive else "sdr"
        team = self.teams[(seat if executive else seat - config.reps) % config.teams]
        seats = config.reps + config.sdrs
        stream = Stream(config.seed, "seat", role, seat if executive else seat - config.reps)
        occupants: list[Rep] = []
        joined = self._start
        while joined < self._end:
            left = self._leaving(stream, joined)
            index = config.teams + seat + seats * len(occupants)
            name = names.rep(index, team.territories[len(occupants) % len(team.territories)])
            weight = stream.between(0.85, 1.15)
            occupants.append(Rep(index, name, role, team, weight, joined, left, not occupants))
            if left is None:
                break
            joined = moment_of(worked(left) + working(stream.skewed(_VACANT_DAYS, 0.6)))
        return occupants

    def _leaving(self, stream: Stream, joined: int) -> int | None:
        if self._config.turnover_per_year == 0:
            return None
        served = stream.wait(per_second(self._config.turnover_per_year, YEAR_DAYS))
        return moment_of(worked(joined + served * SECOND))

    def choose(self, territory: str, role: Role, moment: int, even: float) -> Rep:
        """Return who takes on work in a territory at a moment; `even` lies between 0 and 1.

        Where nobody has the role, an account executive does it, and failing that a manager.
        """
        for able in (role, "account_executive", "manager"):
            there = [rep for rep in self._pools[territory, able] if rep.works(moment)]
            if there:
                break
        rest = even * sum(rep.weight for rep in there)
        for rep in there:
            rest -= rep.weight
            if rest < 0:
                return rep
        return there[-1]

    def share_of(self, rep: Rep) -> float:
        """Return the part of the whole market that one account executive's seat works."""
        share = 0.0
        for territory in rep.team.territories:
            seats = sum(seat.first for seat in self._pools[territory, "account_executive"])
            share += 1 / (len(self.territories) * seats)
        return share
