import pytest

from services.gateway.names import NameFilter, deal_name, event_name, exponent_for


def names(prefix: str, count: int) -> list[bytes]:
    return [event_name("/crm", f"{prefix}{n}") for n in range(count)]


def test_what_was_added_is_always_perhaps_there() -> None:
    found = NameFilter(8)
    added = names("e", 5_000)  # far more than it has room for
    for name in added:
        found.add(name)
    assert all(map(found.may_hold, added))


def test_at_its_capacity_nearly_all_that_is_new_is_surely_new() -> None:
    found = NameFilter(14)
    for name in names("e", found.capacity):
        found.add(name)
    assert sum(map(found.may_hold, names("new", 20_000))) < 20


def test_it_is_the_same_from_its_bytes() -> None:
    found = NameFilter(6)
    for name in names("e", 30):
        found.add(name)
    again = NameFilter(6, found.tobytes())
    assert [again.may_hold(name) for name in names("e", 30)] == [True] * 30
    assert again.tobytes() == found.tobytes()
    with pytest.raises(ValueError, match="has 1024 bytes, not 512"):
        NameFilter(7, found.tobytes())


def test_names_of_events_and_deals_do_not_run_into_each_other() -> None:
    assert event_name("a", "b") != event_name("a\nb", "") != deal_name("b")
    assert len({event_name("ab", "c"), event_name("a", "bc"), deal_name("abc")}) == 3


@pytest.mark.parametrize("count", [0, 1, 2**20, 2**21, 2**21 + 1, 10**7])
def test_a_filter_has_room_for_the_names_it_is_made_for(count: int) -> None:
    exponent = exponent_for(count)
    assert (64 << exponent) // 32 >= count
    assert exponent >= 20
