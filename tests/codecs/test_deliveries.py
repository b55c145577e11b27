"""One delivery's own order does not matter: permutations of files, runs on disk, row numbers."""

from __future__ import annotations

import io
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest

from energyguard.codecs import deliveries
from energyguard.codecs.deliveries import Block, OutOfOrder, in_order, in_runs
from energyguard.codecs.files import read_blocks
from energyguard.domains.charging.offline import ResultTopic
from energyguard.domains.charging.offline import evaluate as evaluate_charging
from energyguard.errors import Malformed
from energyguard.model.readings import Verdict, batch_of, times_of
from energyguard.offline.evaluate import Evaluation, evaluate
from energyguard.rules.registry import open_book
from energyguard.settings.tree import Settings

CASES = Path(__file__).parent.parent / "cases"


def evaluated(
    paths: Sequence[Path], rule: str = "wday", *, episodes: bool = False
) -> tuple[Evaluation, list[bytes]]:
    rules = open_book([CASES / "meters/rules.toml"], [])
    out = io.BytesIO()
    result = evaluate(rules.get(rule), paths, out, episodes=episodes, settings=Settings())
    return result, out.getvalue().splitlines()


def sums(lines: Sequence[bytes]) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in map(msgspec.json.decode, lines):
        found[f"{row['household_id']} {row['window_start'][:10]}"] += row["kwh"]
    return found


def test_homes_one_after_another_are_not_late_for_each_other() -> None:
    result, lines = evaluated([CASES / "meters/case63_concatenated.csv"])
    assert result.counts == {Verdict.ACCEPTED: 288}
    days = ("2026-03-02", "2026-03-03")
    assert sums(lines) == {f"home{h} {day}": 120 for h in "ABC" for day in days}


def test_newest_first_is_as_good_as_oldest_first() -> None:
    result, lines = evaluated([CASES / "meters/case75_api_newest_first.csv"])
    assert result.counts == {Verdict.ACCEPTED: 4}
    assert sum(sums(lines).values()) == 10


@pytest.mark.parametrize("seed", range(6))
def test_any_permutation_of_files_gives_the_same(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    rows = [
        f"2026-03-0{1 + hour // 24}T{hour % 24:02}:{minute:02}:0{home}Z,H{home},{rng.random():.3f}"
        for hour in range(40)
        for minute in (0, 20, 40)
        for home in range(3)
    ]
    rows.append("2031-01-01T00:00:00Z,H1,0.1")
    whole = tmp_path / "whole.csv"
    whole.write_text("\n".join(sorted(rows)))
    expected, told = evaluated([whole], "w60", episodes=bool(seed % 2))
    rng.shuffle(rows)
    cut = rng.randrange(len(rows))
    parts = [tmp_path / "one.csv", tmp_path / "two.csv"]
    for path, some in zip(parts, (rows[:cut], rows[cut:]), strict=True):
        path.write_text("\n".join(some))
    found, lines = evaluated(parts, "w60", episodes=bool(seed % 2))
    assert (lines, found.counts) == (told, expected.counts)
    assert found.counts[Verdict.LATE] == 0


def blocks_of(path: Path, size: int) -> list[Block]:
    return [
        (decoded.batch, [("f", row) for row in decoded.refused])
        for _, decoded in read_blocks(path, block_bytes=size)
    ]


def test_row_numbers_of_refusals_are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    lines = [f"2026-03-02T{h:02}:00:00Z,A,1" for h in reversed(range(24))]
    lines[7] = "never,A,1"
    path.write_text("timestamp,household_id,energy_kwh\n" + "\n".join(lines))
    result, _ = evaluated([path])
    assert [row.row for _, row in result.refused] == [9]
    assert result.counts == {Verdict.ACCEPTED: 23, Verdict.MALFORMED: 1}


def test_what_does_not_fit_in_memory_is_merged_from_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "RUN_READINGS", 100)
    monkeypatch.setattr(deliveries, "BLOCK_READINGS", 30)
    time = np.random.default_rng(3).integers(10**12, 10**12 + 500, 1000)
    whole = batch_of(["A"] * 1000, "energy_kwh", time, np.arange(1000))
    parts: list[Block] = [(whole.slice(i, 70), []) for i in range(0, 1000, 70)]
    found = [batch for batch, _ in in_runs(parts)]
    times = np.concatenate([times_of(batch) for batch in found])
    assert times.tolist() == sorted(time.tolist())
    assert sorted(v for b in found for v in b.column("value").to_pylist()) == list(range(1000))


def test_blocks_that_follow_each_other_pass_through(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n".join(f"2026-03-02T00:{m:02}:00Z,A,1" for m in range(60)))
    blocks = blocks_of(path, 200)
    assert [b.num_rows for b, _ in in_order(blocks)] == [b.num_rows for b, _ in blocks]
    with pytest.raises(OutOfOrder):
        list(in_order(blocks[::-1]))


# Lines of the future, by a device that is alone: whatever their place, 248 windows


@pytest.mark.parametrize("place", ["where it was", "first", "last", "newest first"])
def test_a_line_of_the_future_is_set_apart(tmp_path: Path, place: str) -> None:
    head, *rows = (CASES / "streams/b2_future_one.csv").read_text().splitlines()
    wrong = next(row for row in rows if row.startswith("2031"))
    good = [row for row in rows if row != wrong]
    orders = {
        "where it was": rows,
        "first": [wrong, *good],
        "last": [*good, wrong],
        "newest first": sorted(rows, reverse=True),
    }
    path = tmp_path / "a.csv"
    path.write_text("\n".join([head, *orders[place]]))
    result, lines = evaluated([path], "household-prod")
    assert result.counts == {Verdict.ACCEPTED: 60, Verdict.AHEAD: 1}
    assert len(lines) == 248


@pytest.mark.parametrize("years", [(31, 31, 31), (31, 34), (40, 33, 37, 50, 45)])
def test_several_lines_of_the_future_that_nothing_follows_are_set_apart(
    tmp_path: Path, years: tuple[int, ...]
) -> None:
    rows = (CASES / "streams/b2_future_one.csv").read_text().splitlines()
    rows = [row for row in rows if not row.startswith("2031")]
    wrong = [f"20{year}-01-01T00:0{i}:00Z,H001,0.3" for i, year in enumerate(years)]
    path = tmp_path / "a.csv"
    path.write_text("\n".join([*rows[:5], *wrong, *rows[5:]]))
    result, lines = evaluated([path], "household-prod")
    assert result.counts == {Verdict.ACCEPTED: 60, Verdict.AHEAD: len(wrong)}
    assert len(lines) == 248


@pytest.mark.parametrize("step_h", [2, 24, 24 * 7])
def test_a_device_that_measures_rarely_is_not_ahead(tmp_path: Path, step_h: int) -> None:
    start = np.datetime64("2026-01-01T00:00:00")
    times = [start + np.timedelta64(step_h * i, "h") for i in range(30)]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(f"{time}Z,A,1" for time in times))
    assert evaluated([path])[0].counts == {Verdict.ACCEPTED: 30}


@pytest.mark.parametrize("days", [1, 20, 400])
def test_a_device_that_goes_on_after_a_pause_is_believed(tmp_path: Path, days: int) -> None:
    start = np.datetime64("2026-01-01T00:00:00")
    minutes = [*range(30), *range(days * 1440, days * 1440 + 30)]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(f"{start + np.timedelta64(m, 'm')}Z,A,1" for m in minutes))
    assert evaluated([path])[0].counts == {Verdict.ACCEPTED: 60}


# Signals of chargers


def charged(lines: Sequence[bytes], output: ResultTopic) -> list[bytes]:
    out = io.BytesIO()
    evaluate_charging([("f", io.BytesIO(b"\n".join(lines)))], out, output)
    return out.getvalue().splitlines()


@pytest.mark.parametrize("output", list(ResultTopic))
def test_the_order_of_signals_in_a_file_does_not_matter(output: ResultTopic) -> None:
    lines = (CASES / "charging/s00_base.jsonl").read_bytes().splitlines()
    for seed in range(4):
        mixed = random.Random(seed).sample(lines, len(lines))
        assert charged(mixed, output) == charged(lines, output)


def test_an_array_of_signals_is_what_its_lines_are() -> None:
    lines = (CASES / "charging/s00_base.jsonl").read_bytes().splitlines()
    full = ResultTopic.FULL_SESSIONS
    expected = charged(lines, full)
    array = b"\xef\xbb\xbf [" + b",".join(lines) + b"]"
    assert charged([b"", *array.replace(b",{", b",\n{").split(b"\n")], full) == expected != []
    assert charged([b"\xef\xbb\xbf" + lines[0], *lines[1:]], full) == expected
    with pytest.raises(Malformed, match=r"^f: no JSON array"):
        charged([array[:-9]], full)


def test_a_clock_that_was_reset_is_billed_nothing() -> None:
    lines = (CASES / "charging/s05_2000.jsonl").read_bytes().splitlines()
    assert charged(lines, ResultTopic.TRANSACTION_PROFIT) == []


def test_a_jump_writes_no_second_between() -> None:
    lines = (CASES / "charging/s00_base.jsonl").read_bytes().splitlines()
    arrive = lines[0].replace(b"2024-", b"2031-")
    assert b"2031-" in arrive
    usual = charged(lines, ResultTopic.TOTAL_OCCUPIED)
    for wrong in ([arrive], [arrive, arrive.replace(b"charger-7", b"charger-8")]):
        assert len(charged([*lines, *wrong], ResultTopic.TOTAL_OCCUPIED)) <= len(usual) + 86_400
