"""Real damage of the history's files: noticed, told, and filled again from the log."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from energyguard.history.chdb import ChdbHistory
from energyguard.history.losses import losses, open_losses
from energyguard.history.parts import FILE, Parts, TablePart, uncovered
from energyguard.history.people import People
from energyguard.log import EARLIEST, LATEST, open_log
from energyguard.model.topics import ENERGY_READINGS
from energyguard.sinks.archive import Archive
from energyguard.sinks.refill import Refill
from tests.sinks.test_archive import append, everything
from tests.thorough import THOROUGH

Damage = Callable[[Path], None]


def run(data: Path, appends: int = 0, damage_after: Damage | None = None) -> bytes:
    """Be the role: open, take what the log has, note it, close; then damage what it left."""
    with (
        closing(open_log(f"sqlite:///{data / 'log.db'}")) as log,
        closing(ChdbHistory(data / "history")) as history,
        closing(People(data)) as people,
    ):
        archive = Archive(history, log, 0.0, people)
        refill = Refill(data, Parts(data, history), archive, log)
        first = sum(log.positions(ENERGY_READINGS.name, LATEST).values())
        for tick in range(first, first + 8 * appends, 8):
            append(log, tick)
            archive.step(0.0)
            archive.flush()
        for _ in range(20):
            archive.step(0.0)
            refill.step()
        archive.settle()
        refill.step()
        refill.close()
        found = everything(history)
        archive._roller.shutdown()
        archive.consumer.leave()
    if damage_after:
        damage_after(data / "history")
    return found


def part_of(history: Path, table: str = "readings") -> Path:
    """The table's newest part, alone: merged ones, that may still be there, would stand in."""
    folder = (history / "data" / "energyguard" / table).resolve()
    found = {
        TablePart(table, path.name): path
        for path in folder.glob("*_*_*_*")
        if (path / "count.txt").exists()
    }
    newest = max(found, key=lambda part: (part.blocks.last, -part.blocks.first))
    for merged in found.keys() - {newest} - set(uncovered(list(found), [newest])):
        shutil.rmtree(found[merged])
    return found[newest]


def missing_part(history: Path) -> None:
    shutil.rmtree(part_of(history))


def truncated_column(history: Path) -> None:
    data = max(part_of(history).glob("*.bin"), key=lambda path: path.stat().st_size)
    data.write_bytes(data.read_bytes()[: data.stat().st_size // 2])


def flipped_byte(history: Path) -> None:
    data = max(part_of(history).glob("*.bin"), key=lambda path: path.stat().st_size)
    text = bytearray(data.read_bytes())
    text[len(text) // 2] ^= 0xFF
    data.write_bytes(text)


def missing_file(history: Path) -> None:
    (part_of(history) / "columns.txt").unlink()


def missing_table(history: Path) -> None:
    shutil.rmtree(part_of(history).parent)


def missing_roll_up(history: Path) -> None:
    shutil.rmtree(part_of(history, "rollup_1d"))


def missing_folder(history: Path) -> None:
    shutil.rmtree(history)


def missing_folder_and_notes(history: Path) -> None:
    shutil.rmtree(history)
    (history.parent / FILE).unlink()


DAMAGES = [missing_part, flipped_byte, missing_table, missing_roll_up, missing_folder_and_notes]
ALIKE = [truncated_column, missing_file, missing_folder]
"""What is noticed as one of the others is."""


@pytest.mark.parametrize(
    "damage", [*DAMAGES, *(pytest.param(damage, marks=pytest.mark.slow) for damage in ALIKE)]
)
def test_what_is_lost_is_told_and_filled_again(tmp_path: Path, damage: Damage) -> None:
    before = run(tmp_path, 5, damage_after=damage)
    assert before.count(b"H1\t") > 5
    assert run(tmp_path) == before
    (loss,) = losses(tmp_path)
    assert loss.filled
    assert loss.since_ms is None
    assert open_losses(tmp_path) == ""
    if damage is missing_part or THOROUGH:  # it is told once
        assert run(tmp_path) == before
        assert len(losses(tmp_path)) == 1


def test_nothing_is_lost_where_nothing_is(tmp_path: Path) -> None:
    before = run(tmp_path, 5)
    assert run(tmp_path) == before
    assert losses(tmp_path) == []


def test_what_the_log_has_no_longer_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path, 5, damage_after=missing_part)
    first = dict.fromkeys(_ends(tmp_path), 3)
    monkeypatch.setattr(Refill, "_first", lambda self, at: first.get(at, 0))
    run(tmp_path)
    (loss,) = losses(tmp_path)
    assert loss.rows == 20
    assert "were lost, and filled again with what the log took since" in open_losses(tmp_path)
    assert "2025-09-06" in open_losses(tmp_path)


def test_a_crash_while_it_is_filled_begins_again(tmp_path: Path) -> None:
    before = run(tmp_path, 5, damage_after=missing_part)
    with (
        closing(open_log(f"sqlite:///{tmp_path / 'log.db'}")) as log,
        closing(ChdbHistory(tmp_path / "history")) as history,
        closing(People(tmp_path)) as people,
    ):
        archive = Archive(history, log, 0.0, people)
        Refill(tmp_path, Parts(tmp_path, history), archive, log)
        assert "being filled again" in open_losses(tmp_path)
        at = log.positions(ENERGY_READINGS.name, "history")
        assert at == log.positions(ENERGY_READINGS.name, EARLIEST)
        archive._roller.shutdown()
        archive.consumer.leave()
    assert run(tmp_path) == before
    assert open_losses(tmp_path) == ""


def _ends(data: Path) -> list[object]:
    with closing(open_log(f"sqlite:///{data / 'log.db'}")) as log:
        return list(log.positions(ENERGY_READINGS.name, LATEST))


def test_merged_parts_cover_those_they_were_made_of() -> None:
    noted = [TablePart("readings", f"202509_{n}_{n}_0") for n in range(1, 6)]
    merged = [TablePart("readings", "202509_1_4_1"), TablePart("late", "202509_5_5_0")]
    assert uncovered(noted, merged) == noted[4:]
    assert uncovered(noted, [*merged, TablePart("readings", "202509_5_5_0_7")]) == []
