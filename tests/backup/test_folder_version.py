"""A folder of another version: a newer one is refused, an older one is copied first."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from energyguard.backup.folder_version import (
    FILE,
    FORMAT,
    FolderVersion,
    copy_older,
    folder_version,
    refuse_newer,
)
from energyguard.backup.manifest import copies, read_manifest
from energyguard.errors import ConfigError
from energyguard.log import Records, open_log
from energyguard.model.topics import RULES
from energyguard.settings.tree import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


def test_a_new_folder_is_noted_and_not_copied(settings: Settings) -> None:
    said: list[str] = []
    copy_older(settings, said.append)
    assert said == []
    assert folder_version(settings.data_dir) == FolderVersion(
        FORMAT,
        folder_version(settings.data_dir).version,  # type: ignore[union-attr]
    )


def test_an_older_folder_is_copied_once(settings: Settings) -> None:
    with closing(open_log(settings.log_url)) as log:
        log.append(RULES.name, Records([b"a"], [b"1"]))
    said: list[str] = []
    copy_older(settings, said.append)
    (copy,) = copies(settings.backup_dir)
    assert said[-1] == f"the copy is {copy}"
    assert FILE not in {file.path for file in read_manifest(copy).files}  # as it was before
    copy_older(settings, said.append)
    assert copies(settings.backup_dir) == [copy]


def test_a_newer_folder_is_refused_and_the_copy_of_before_is_named(settings: Settings) -> None:
    settings.data_dir.mkdir()
    newer = FolderVersion(FORMAT + 1, "9.0", "/mnt/copies/energyguard-1")
    (settings.data_dir / FILE).write_bytes(msgspec.json.encode(newer))
    with pytest.raises(ConfigError, match=r"9\.0.*restore /mnt/copies/energyguard-1 --replace"):
        refuse_newer(settings.data_dir)
    with pytest.raises(ConfigError):
        copy_older(settings, print)
    (settings.data_dir / FILE).write_text("{")  # of chance: nobody is kept out by it
    refuse_newer(settings.data_dir)


def test_without_room_it_is_opened_all_the_same(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(open_log(settings.log_url)) as log:
        log.append(RULES.name, Records([b"a"], [b"1"]))
    monkeypatch.setattr("energyguard.backup.folder_version.free_bytes", lambda folder: 0)
    said: list[str] = []
    copy_older(settings, said.append)
    assert "no room" in said[0]
    assert copies(settings.backup_dir) == []
    assert folder_version(settings.data_dir) is not None
