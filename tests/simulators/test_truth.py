"""The ground truth of faults: a file that other programs read."""

from __future__ import annotations

from pathlib import Path

import pytest

from energyguard.errors import Corrupt
from energyguard.simulators.truth import FaultSpan, TruthFile, read_truth

SPANS = [
    FaultSpan("p1", "surge", 1_757_289_600_000, 1_757_290_000_000),
    FaultSpan("p12", "gap", 1_757_289_601_000, 1_757_293_200_000),
]


def test_spans_come_back_and_each_is_there_once(tmp_path: Path) -> None:
    path = tmp_path / "truth.csv"
    first = TruthFile(path)
    first.add([])
    assert not path.exists()
    first.add(SPANS[:1])
    first.add(SPANS[:1])
    TruthFile(path).add(SPANS)
    assert path.read_text() == (
        "device,kind,from,to\n"
        "p1,surge,2025-09-08T00:00:00Z,2025-09-08T00:06:40Z\n"
        "p12,gap,2025-09-08T00:00:01Z,2025-09-08T01:00:00Z\n"
    )
    assert read_truth(path) == SPANS
    TruthFile(None).add(SPANS)


@pytest.mark.parametrize("line", ["p1,surge,now,then", "p1,surge", "fault,device,time,detail"])
def test_what_is_no_ground_truth_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "truth.csv"
    path.write_text(f"device,kind,from,to\n{line}\n")
    with pytest.raises(Corrupt, match=r"truth\.csv:2"):
        TruthFile(path)
