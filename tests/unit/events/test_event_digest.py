"""The digest of an event is what it was: another would make repeats of old events conflicts."""

import pytest

from events.envelope import digest_of
from events.examples import example
from events.parsing import Rejection, parse_event


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("sales.deal.won.v1", "235fffd0f45a626abf51c4d2f6142e30"),
        ("sales.event.corrected.v1", "1861bb515b5f21222cfdd69fdb3683fb"),
    ],
)
def test_the_digest_of_an_example_is_what_it_was(name: str, digest: str) -> None:
    event = parse_event(example(name))
    assert not isinstance(event, Rejection)
    assert digest_of(event) == digest
