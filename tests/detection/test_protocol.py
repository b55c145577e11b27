"""The counting by which detectors are compared, held to numbers of another program."""

import json
from pathlib import Path

import pytest

from benchmarks.detection_protocol import (
    BUDGETS,
    found,
    household_streams,
    over_quantile,
    threshold,
)

SHARED = Path(__file__).parents[3] / "shared"
FAULTS = SHARED / "detection" / "faults"


@pytest.mark.data
@pytest.mark.parametrize("name", ["household_15min", "household_30min"])
def test_the_plainest_score_comes_to_the_numbers_of_the_faults(name: str) -> None:
    if not FAULTS.exists():
        pytest.skip("the real measurements are not beside the checkout")
    wanted = json.loads((FAULTS / "check_values.json").read_text())
    streams = household_streams(SHARED / "data", FAULTS, name)
    clean, faulty = over_quantile(streams.clean), over_quantile(streams.faulty)
    for budget in BUDGETS:
        got = found(faulty, streams, threshold(clean, streams, budget))
        check = wanted[f"{name} static {budget}"]
        assert len(streams.events) == check["events"]
        assert got.threshold == pytest.approx(check["tau"], rel=1e-9)
        assert got.caught.precision == check["P"]
        assert got.caught.recall == check["R"]
        assert got.caught.f1 == pytest.approx(check["F1"], rel=1e-12)
        assert got.caught.median_delay_min == check["delay"]
