"""Small files: the old one or the new one, whatever happens between."""

from __future__ import annotations

import os
import resource
import signal
import stat
from pathlib import Path

import pytest

from energyguard.durable.atomic import write_atomically
from energyguard.errors import DiskFull


def test_a_file_is_replaced_whole_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["secret.key"]


@pytest.mark.parametrize("step", ["fdopen", "fsync"])
def test_kill_9_between_create_and_write_leaves_the_old_one(tmp_path: Path, step: str) -> None:
    path = tmp_path / "tokens.json"
    write_atomically(path, b"old")
    if (pid := os.fork()) == 0:
        setattr(os, step, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        write_atomically(path, b"new, and longer")
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert path.read_bytes() == b"old"


def test_no_room_names_the_file_and_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    write_atomically(path, b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(DiskFull, match=r"tokens\.json: no room"):
            write_atomically(path, b"x" * 200)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["tokens.json"]
