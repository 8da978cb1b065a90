import pytest

from events.catalogue import CATALOGUE
from services.feed.filters import BadFilter, Filter, types_of
from services.feed.items import Item

WON = Item(0, "sales.deal.won.v1", "Acme", "D-1", "Ada", b"")
HIRED = Item(1, "sales.quota.set.v1", None, None, None, b"")


@pytest.mark.parametrize(
    ("wanted", "won", "hired"),
    [
        (Filter(), True, True),
        (Filter(types=frozenset({"sales.deal.won.v1"})), True, False),
        (Filter(accounts=frozenset({"Acme", "Other"})), True, False),
        (Filter(accounts=frozenset({"Other"})), False, False),
        (Filter(deals=frozenset({"D-1"})), True, False),
        (Filter(actors=frozenset({"Ada"})), True, False),
        (Filter(actors=frozenset({"Ada"}), deals=frozenset({"D-2"})), False, False),
        (Filter(teams=frozenset({"north"})), False, False),
        (Filter(teams=frozenset({"north"}), team_of={"Ada": "north"}.get), True, False),
        (Filter(teams=frozenset({"south"}), team_of={"Ada": "north"}.get), False, False),
        (Filter(teams=frozenset({"b"}), team_of={"Ada": {"a", "b"}}.get), True, False),
        (Filter(teams=frozenset({"c"}), team_of={"Ada": {"a", "b"}}.get), False, False),
        (Filter(teams=frozenset({"or"}), team_of={"Ada": "north"}.get), False, False),
    ],
)
def test_an_event_passes_when_each_part_that_is_given_names_it(
    wanted: Filter, won: bool, hired: bool
) -> None:
    assert (wanted.lets(WON), wanted.lets(HIRED)) == (won, hired)


@pytest.mark.parametrize("name", ["sales.deal.won.v1", "sales.deal.won", "sales.deal.won."])
def test_a_type_may_be_given_with_or_without_its_version(name: str) -> None:
    assert types_of([name]) == {"sales.deal.won.v1"}


@pytest.mark.parametrize("name", ["sales.deal", "sales.deal.", "sales.deal.*"])
def test_a_beginning_stands_for_all_types_that_go_on_with_a_dot(name: str) -> None:
    assert types_of([name]) == {known for known in CATALOGUE if known.startswith("sales.deal.")}


def test_several_names_stand_for_all_their_types() -> None:
    assert types_of(["sales.deal.won", "sales.deal.lost"]) == {
        "sales.deal.won.v1",
        "sales.deal.lost.v1",
    }
    assert types_of([]) == frozenset()


@pytest.mark.parametrize("name", ["sales.dael", "sales.dea", "won", "", "sales.deal.won.v9"])
def test_a_name_that_no_type_begins_with_is_refused(name: str) -> None:
    with pytest.raises(BadFilter, match="no event type"):
        types_of(["sales.deal", name])
