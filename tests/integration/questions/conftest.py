"""The floor that golden cases are told on, prepared once for each module."""

import pytest
from golden import Floor

from infra.warehouse import Warehouse


@pytest.fixture(scope="module")
def floor(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Floor:
    return Floor(warehouse, tmp_path_factory.mktemp("golden"))
