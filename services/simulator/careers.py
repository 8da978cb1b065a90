"""Careers and quotas: who joins, to which team, what is asked of them, who leaves.

A quota that is not given follows from the settings: what all leads of the market promise to bring
in the period, shared among the account executives' seats.
"""

from datetime import date, timedelta

from services.simulator.config import FloorConfig
from services.simulator.hours import DAY, YEAR_DAYS, day_of, midnight
from services.simulator.roster import Rep, Roster
from services.simulator.world import Line, Process, World, money

Quotas = dict[tuple[str, str], float]
"""Rep and first day of a period to the quota set so far."""


def career(world: World, rep: Rep, known: bool) -> Process:
    """Tell how a rep joins and leaves. `known` reps have been introduced by an earlier run."""
    line = Line(world, f"r{rep.index}")
    yield rep.joined
    if not known:
        team = {"team": rep.team.name, "manager": rep.team.manager}
        if rep.role == "manager":
            del team["manager"]
        territory = {"territory": rep.team.territories[0]}
        who = {"name": rep.name, "role": rep.role}
        if not rep.first:
            line.tell(
                "sales.rep.hired.v1",
                who | team | {"starts_on": line.day()},
                subject=rep.name,
                actor=rep.name,
            )
        line.tell("sales.rep.joined.v1", who | team | territory, subject=rep.name, actor=rep.name)
        line.tell("sales.rep.team_assigned.v1", team | territory, subject=rep.name, actor=rep.name)
    if rep.left is not None:
        yield rep.left
        line.tell("sales.rep.left.v1", {"voluntary": True}, subject=rep.name, actor=rep.name)


def quotas(world: World, roster: Roster, rep: Rep, asked: Quotas) -> Process:
    """Set a rep's quota for each period, on its first day or the day the rep joins.

    Where several simulated periods fall into one period of the calendar, as they do when the floor
    runs faster than time, the quota of that period grows by each.
    """
    config = world.config
    line = Line(world, f"q{rep.index}")
    share = roster.share_of(rep)
    yield rep.joined
    while rep.works(world.now):
        today = day_of(world.now)
        left = (period_of(today, config.quota_period)[1] - today).days + 1
        amount = float(config.quota or _promised(config, share, world.now // DAY, left))
        _ask(line, rep, amount, asked)
        yield (world.now // DAY + left) * DAY


def period_of(day: date, kind: str) -> tuple[date, date]:
    """Return the first and the last day of the month or quarter of the calendar a day lies in."""
    months = 3 if kind == "quarter" else 1
    first = date(day.year, day.month - (day.month - 1) % months, 1)
    after = (first + timedelta(days=31 * months)).replace(day=1)
    return first, after - timedelta(days=1)


def _ask(line: Line, rep: Rep, amount: float, asked: Quotas) -> None:
    if round(amount, 2) == 0:
        return
    config = line.world.config
    first, last = period_of(date.fromisoformat(line.day()), config.quota_period)
    period = (rep.name, first.isoformat())
    revised = period in asked
    asked[period] = asked.get(period, 0.0) + amount
    line.tell(
        "sales.quota.revised.v1" if revised else "sales.quota.set.v1",
        {
            "period_start": first.isoformat(),
            "period_end": last.isoformat(),
            "measure": "won_amount",
            "amount": money(asked[period]),
            "currency": config.currency,
        },
        subject=rep.name,
        actor=rep.name,
    )


def _promised(config: FloorConfig, share: float, today: int, days: int) -> float:
    """Return what a seat may expect to win in the days from today on, times the stretch.

    A deal won today began as a lead a cycle ago, and there were none before the floor started.
    """
    cycle = round(1 + config.lead_days + config.stage_days.cycle)
    earliest = midnight(config.start) // DAY
    mean = sum(config.season) / 12
    leads = sum(
        config.season[day_of(day * DAY).month - 1] / mean
        for day in range(max(today - cycle, earliest), today + days - cycle)
    )
    leads *= config.accounts * config.leads_per_account_per_year / YEAR_DAYS
    won = leads * config.lead_ready_share * config.conversion.overall
    return won * float(config.deal_amount) * share * config.quota_stretch
