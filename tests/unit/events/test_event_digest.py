"""The digest of an event is what it was: another would make repeats of old events conflicts."""

import pytest

from events.envelope import digest_of
from events.examples import example
from events.parsing import Rejection, parse_event


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("sales.deal.won.v1", "b19b876eb941dc95bb50ab856e1ee4b0"),
        ("sales.event.corrected.v1", "dadd09df2f75b5032eacdf6a40961be0"),
    ],
)
def test_the_digest_of_an_example_is_what_it_was(name: str, digest: str) -> None:
    event = parse_event(example(name))
    assert not isinstance(event, Rejection)
    assert digest_of(event) == digest
