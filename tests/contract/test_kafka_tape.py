"""The Kafka tape: the contract, against a real broker."""

import pytest
from tape_contract import TapeContract

from infra import clock


@pytest.fixture(autouse=True)
def _three_partitions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALESTAPE_KAFKA_PARTITIONS", "3")


@pytest.fixture
def topic() -> str:
    """The name of a topic that is not there yet."""
    return f"test.{clock.new_id()}"


class TestKafkaTape(TapeContract):
    @pytest.fixture
    def url(self, kafka: str, topic: str) -> str:
        return f"kafka://{kafka}/{topic}"
