"""A role that a crash of native code ends says where it was."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from tests.waiting import until


def test_a_crash_leaves_the_stacks_of_all_threads_in_the_log(tmp_path: Path) -> None:
    log = tmp_path / "role.log"
    command = [sys.executable, "-m", "energyguard", "role", "catalogue", "--data-dir"]
    with log.open("wb") as stderr:
        role = subprocess.Popen([*command, str(tmp_path / "data")], stderr=stderr)
        try:
            until(lambda: "started" in log.read_text(), "the role's start")
            role.send_signal(signal.SIGSEGV)
            assert role.wait(60) == -signal.SIGSEGV
        finally:
            role.kill()
    lines = log.read_text()
    assert "Fatal Python error: Segmentation fault" in lines
    assert "energyguard/processes/role_runner.py" in lines
