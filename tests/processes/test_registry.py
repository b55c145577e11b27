"""Which processes live: the lock goes with the process, however that ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from energyguard.errors import ConfigError, Conflict
from energyguard.processes.registry import Present, ailing, living, present

HOLD = """
import sys, pathlib
from energyguard.processes.registry import present
with present(pathlib.Path(sys.argv[1]), "worker"):
    print("here", flush=True)
    sys.stdin.read()
"""


def test_a_process_is_there_while_the_block_runs(tmp_path: Path) -> None:
    assert living(tmp_path) == []
    with present(tmp_path, "worker"):
        assert living(tmp_path) == [Present("worker", os.getpid())]
    assert living(tmp_path) == []


def test_kill_9_leaves_nothing_behind(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert living(tmp_path) == [Present("worker", process.pid)]
        process.kill()
        process.wait()
    assert living(tmp_path) == []


def test_one_role_may_have_several_processes(tmp_path: Path) -> None:
    with present(tmp_path, "worker"), present(tmp_path, "worker"):
        assert [one.role for one in living(tmp_path)] == ["worker", "worker"]


def test_the_only_one_says_who_is_there(tmp_path: Path) -> None:
    with (
        present(tmp_path, "up", max_processes=1),
        pytest.raises(Conflict, match=r"already running \(process \d+\).*--data-dir"),
        present(tmp_path, "up", max_processes=1),
    ):
        pass


def test_an_error_of_the_block_is_not_ours(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), present(tmp_path, "worker"):
        (tmp_path / "none").read_text()
    assert living(tmp_path) == []


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"/file: it is a file"), present(tmp_path / "file", "up"):
        pass


def test_a_process_that_died_or_is_held_is_told(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as one:
        assert one.stdout is not None
        assert one.stdout.readline()
        assert ailing(tmp_path) == {}
        one.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, one.pid, os.WSTOPPED | os.WNOWAIT)
        assert "is held (SIGSTOP)" in ailing(tmp_path)["worker"]
        one.send_signal(signal.SIGCONT)
        one.kill()
        one.wait()
    assert ailing(tmp_path) == {"worker": f"process {one.pid} died"}
    with present(tmp_path, "worker"):
        assert ailing(tmp_path) == {}
    assert ailing(tmp_path) == {}
