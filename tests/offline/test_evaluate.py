"""Files in, alerts out, without a log: what is written, and what of the input is refused."""

from __future__ import annotations

import io
from pathlib import Path

import msgspec
import pytest

from energyguard.errors import ConfigError
from energyguard.model.readings import ReadingBatch, Verdict
from energyguard.offline import evaluate as offline
from energyguard.offline.evaluate import evaluate
from energyguard.rules.registry import open_book
from energyguard.settings.ledger import LedgerSettings
from energyguard.settings.tree import Settings
from energyguard.stream.windows.episodes.output import WindowOutput
from energyguard.stream.windows.operator import WindowOperator

RULE = open_book([], ["household-demo"]).get("household-demo")
LINES = [
    f"2025-09-07T10:{minute:02}:00Z,H001,{kwh}"
    for minute, kwh in enumerate((0.01, 0.01, 0.06, 0.07, 0.01))
]


def _file(folder: Path, lines: list[str]) -> Path:
    path = folder / "readings.csv"
    path.write_text("\n".join(["timestamp,household_id,energy_kwh", *lines]) + "\n")
    return path


def test_every_window_over_the_threshold_is_a_row(tmp_path: Path) -> None:
    out = io.BytesIO()
    done = evaluate(RULE, [_file(tmp_path, LINES)], out)
    rows = [msgspec.json.decode(line) for line in out.getvalue().splitlines()]
    assert done.written == len(rows)
    assert {row["kwh"] for row in rows} == {0.06, 0.07}
    assert len(rows) == 8  # a reading lies in four windows of a minute, 15 s apart
    assert done.counts == {Verdict.ACCEPTED: 5}


@pytest.mark.parametrize("at_least", [0, 1, 1_000])
def test_how_much_is_read_and_taken_at_once_changes_nothing(
    at_least: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [*LINES[:3], "nonsense", *LINES[3:]]
    whole, cut, taken = io.BytesIO(), io.BytesIO(), list[int]()
    expected = evaluate(RULE, [_file(tmp_path, lines)], whole)

    def process(self: WindowOperator, batch: ReadingBatch) -> WindowOutput:
        taken.append(len(batch))
        return of_operator(self, batch)

    of_operator = WindowOperator.process
    monkeypatch.setattr(WindowOperator, "process", process)
    monkeypatch.setattr(offline, "_BLOCK_BYTES", 1)  # a block for each line
    monkeypatch.setattr(offline, "BATCH_OF_DEVICES", at_least)
    found = evaluate(RULE, [_file(tmp_path, lines)], cut)
    assert (cut.getvalue(), found.counts) == (whole.getvalue(), expected.counts)
    assert [row.row for _, row in found.refused] == [row.row for _, row in expected.refused] == [5]
    assert max(taken) == (4 if at_least > 1 else 1)


@pytest.mark.parametrize(("largest_kw", "written"), [(100.0, 8), (2.0, 0), (4.0, 4)])
def test_the_largest_plausible_power_is_a_setting(
    largest_kw: float, written: int, tmp_path: Path
) -> None:
    settings = Settings(ledger=LedgerSettings(largest_power_kw=largest_kw))
    done = evaluate(RULE, [_file(tmp_path, LINES)], io.BytesIO(), settings=settings)
    assert done.written == written  # 0.06 kWh in a minute are 3.6 kW, 0.07 are 4.2


def test_a_rule_by_where_devices_stand_is_refused(tmp_path: Path) -> None:
    rule = RULE.with_fields(selector="site=home")
    with pytest.raises(ConfigError, match="household-demo: its selector looks at where"):
        evaluate(rule, [_file(tmp_path, LINES)], io.BytesIO())


def test_the_order_of_the_lines_changes_nothing(tmp_path: Path) -> None:
    found = []
    for lines in (LINES, LINES[::-1]):
        out = io.BytesIO()
        evaluate(RULE, [_file(tmp_path, lines)], out)
        found.append(out.getvalue())
    assert found[0] == found[1] != b""


def test_what_is_no_reading_is_named_and_the_rest_counts(tmp_path: Path) -> None:
    out = io.BytesIO()
    done = evaluate(RULE, [_file(tmp_path, [*LINES, "2025-09-07T10:09:00Z,H001,much"])], out)
    ((name, refused),) = done.refused
    assert (Path(name).name, refused.row, refused.field) == ("readings.csv", 7, "energy_kwh")
    assert done.counts[Verdict.ACCEPTED] == 5


@pytest.mark.parametrize("state", ["firing", "resolved"])
def test_episodes_have_a_beginning_and_an_end(state: str, tmp_path: Path) -> None:
    out = io.BytesIO()
    evaluate(RULE, [_file(tmp_path, LINES)], out, episodes=True)
    events = [msgspec.json.decode(line) for line in out.getvalue().splitlines()]
    assert [event["device"] for event in events if event["state"] == state]
