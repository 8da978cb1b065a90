"""The digest of an event is what it was: another would make repeats of old events conflicts."""

import pytest

from events.envelope import digest_of
from events.examples import example
from events.parsing import Rejection, parse_event


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("sales.deal.won.v1", "4245167783519e6faad1b4b0a82d3d89"),
        ("sales.event.corrected.v1", "1090c5afa2b94eb08af121394af4e1f8"),
    ],
)
def test_the_digest_of_an_example_is_what_it_was(name: str, digest: str) -> None:
    event = parse_event(example(name))
    assert not isinstance(event, Rejection)
    assert digest_of(event) == digest
