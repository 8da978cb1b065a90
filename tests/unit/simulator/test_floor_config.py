"""Settings that make no floor are refused with a reason."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from services.simulator.config import STAGES, Conversion, FloorConfig


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"start": date(1969, 1, 1)}, "earliest start"),
        ({"start": date(2199, 12, 1), "days": 60}, "the floor ends after"),
        ({"season": (0.0,) * 12}, "at least one weight must be above 0"),
        ({"finish_deals": True, "days": 90}, "days must be more than that; found 90"),
        ({"churn_per_month": 1.0}, "less than 1"),
        ({"conversion": {"research": 1.2}}, "less than or equal to 1"),
        ({"acounts": 5}, "Extra inputs"),
    ],
)
def test_settings_that_make_no_floor_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        FloorConfig.model_validate(given)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        FloorConfig().days = 5  # type: ignore[misc]


def test_every_setting_says_what_it_means() -> None:
    described = FloorConfig.model_json_schema()["properties"]
    silent = {name for name, field in described.items() if "description" not in field}
    assert silent <= {
        "conversion", "stage_days", "deal_amount_spread", "purchase_amount_spread", "quota_period",
    }  # fmt: skip


def test_the_overall_conversion_is_that_of_all_stages() -> None:
    even = Conversion.model_validate(dict.fromkeys(STAGES, 0.5))
    assert even.overall == 0.5 ** len(STAGES)
