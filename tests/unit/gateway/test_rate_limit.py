from services.gateway import rate
from services.gateway.rate import RateLimit


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_client_may_send_its_burst_at_once_and_then_its_rate() -> None:
    clock = Clock()
    limit = RateLimit(10, 50, clock)
    assert limit.take("a", 50) == 0
    assert limit.take("a", 5) == 0.5
    clock.now = 0.5
    assert limit.take("a", 5) == 0
    assert limit.take("a", 1) == 0.1


def test_what_is_refused_costs_nothing() -> None:
    clock = Clock()
    limit = RateLimit(10, 50, clock)
    assert limit.take("a", 40) == 0
    for _ in range(5):
        assert limit.take("a", 20) == 1.0
    assert limit.take("a", 10) == 0


def test_no_more_than_the_burst_is_saved_up() -> None:
    clock = Clock()
    limit = RateLimit(10, 50, clock)
    limit.take("a", 50)
    clock.now = 1_000.0
    assert limit.take("a", 50) == 0
    assert limit.take("a", 1) > 0


def test_clients_do_not_take_from_each_other() -> None:
    limit = RateLimit(10, 50, Clock())
    assert limit.take("a", 50) == 0
    assert limit.take("b", 50) == 0


def test_more_than_the_burst_passes_when_nothing_was_sent_before() -> None:
    limit = RateLimit(10, 50, Clock())
    assert limit.take("a", 1_000) == 0
    assert limit.take("a", 1) > 0


def test_only_so_many_clients_are_remembered(monkeypatch) -> None:
    monkeypatch.setattr(rate, "MAX_CLIENTS", 2)
    limit = RateLimit(10, 50, Clock())
    for client in "abc":
        assert limit.take(client, 50) == 0
    assert limit.take("c", 50) > 0
    assert limit.take("a", 50) == 0
