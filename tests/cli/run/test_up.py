"""What `up` does with its data folder before its processes start."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from energyguard import node
from energyguard.backup.folder_version import FILE, FORMAT, FolderVersion, folder_version
from tests.cli.conftest import Terminal


@pytest.fixture(autouse=True)
def _without_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "up", lambda settings, roles, say: True)


UP = ("up", "--scenario", "regions", "--no-auth", "--port", "0", "--data-dir")


def test_a_new_folder_is_of_this_version_also_where_a_demonstration_writes_into_it(
    terminal: Terminal, data_dir: Path
) -> None:
    said = terminal(*UP, data_dir)
    assert (said.code, said.out) == (0, "stopped\n"), said.err
    assert (data_dir / "log.db").exists()
    found = folder_version(data_dir)
    assert found is not None
    assert found.copy_before == ""


def test_nothing_is_written_into_a_folder_of_a_newer_version(
    terminal: Terminal, data_dir: Path
) -> None:
    data_dir.mkdir()
    (data_dir / FILE).write_bytes(msgspec.json.encode(FolderVersion(FORMAT + 1, "99")))
    said = terminal(*UP, data_dir)
    assert said.code != 0
    assert "is of EnergyGuard 99" in said.err
    assert not (data_dir / "log.db").exists()
