"""Accounts: the companies of the market, each with a territory, a size and a rhythm of its own.

Holds how an account stands with the floor. What happens to it is told by `leads`, `deals` and
`customers`.
"""

from dataclasses import dataclass

from services.simulator import names
from services.simulator.draws import Stream
from services.simulator.roster import Roster
from services.simulator.world import Line, World


@dataclass(slots=True)
class Spell:
    """A time during which an account is a customer, in microseconds since 1970."""

    account: str
    since: int
    churned: int | None = None
    """When it stopped buying; None as long as it has not."""


class Account(Line):
    """One company. Its traits follow from the seed and its index alone."""

    __slots__ = (
        "buys_from_start",
        "employees",
        "gap_days",
        "index",
        "introduced",
        "key",
        "leads",
        "name",
        "product",
        "roster",
        "segment",
        "spells",
        "stream",
        "subscribes",
        "subscription_amount",
        "territory",
    )

    def __init__(self, world: World, roster: Roster, index: int, name: str | None = None) -> None:
        """Make the account with an index; `name` is given where it has one already."""
        key = f"a{index}" if name is None else f"o{index}"
        super().__init__(world, key)
        config = world.config
        traits = Stream(config.seed, "account", index)
        self.buys_from_start = traits.chance(config.customers_at_start)
        self.territory = traits.pick(roster.territories)
        self.gap_days = traits.skewed(
            config.purchase_gap_days, config.purchase_gap_spread_of_accounts
        )
        self.employees = int(traits.skewed(240, 0.95))
        self.segment = traits.pick(names.SEGMENTS)
        self.product = traits.pick(names.PRODUCTS)[0]
        self.subscribes = traits.chance(config.subscription_share)
        self.subscription_amount = traits.skewed(float(config.subscription_amount), 0.5)
        self.index = index
        self.key = key
        self.roster = roster
        self.name = name or names.company(index, config.seed)
        self.stream = self.stream_of("demand")
        self.leads = 0
        self.introduced = False
        self.spells: list[Spell] = []

    def stream_of(self, what: str, number: int = 0) -> Stream:
        """Return the chance behind something that befalls this account, in this run."""
        return Stream(self.world.config.seed, self.world.run, self.key, what, number)

    @property
    def buying(self) -> bool:
        """Whether it is a customer now."""
        return bool(self.spells) and self.spells[-1].churned is None

    @property
    def gone_since(self) -> int | None:
        """When it stopped buying; None where it buys, or never has."""
        return self.spells[-1].churned if self.spells else None

    def introduce(self, lead: str | None = None) -> None:
        """Tell that the account came into being, unless that was told before."""
        if self.introduced:
            return
        self.introduced = True
        data: dict[str, object] = {
            "name": self.name,
            "segment": self.segment,
            "country": names.COUNTRIES[self.index % len(names.COUNTRIES)],
            "employees": self.employees,
            "territory": self.territory,
        }
        if lead is not None:
            data["lead"] = lead
        self.tell("sales.account.created.v1", data, subject=self.name, account=self.name)
