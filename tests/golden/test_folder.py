"""A data folder of the version before opens, and what comes next in it is the same."""

from __future__ import annotations

from pathlib import Path

from tests.golden import folder, store


def test_a_folder_of_today_goes_on(tmp_path: Path) -> None:
    found = folder.go_on(folder.unpacked(tmp_path / "data"))
    assert store.differences(found, store.kept("folder/next.jsonl")) == []
