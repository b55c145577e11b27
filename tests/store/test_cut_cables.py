"""Partitions as a network makes them: packets vanish, and nobody is told."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UNSHARE = ("unshare", "--net", "--mount")


def _cannot() -> str | None:
    """Why there can be no network namespaces here."""
    if os.name != "posix" or not (shutil.which("ip") and shutil.which("unshare")):
        return "no `ip` and `unshare` here (Debian: iproute2, util-linux)"
    tried = "ip link add left type veth peer name right && mount -t tmpfs none /run"
    done = subprocess.run([*UNSHARE, "sh", "-c", tried], capture_output=True, text=True)
    return f"no network namespaces here: {done.stderr.strip()}" if done.returncode else None


@pytest.mark.slow  # one cut is also in test_processes.py, without root
def test_cables_are_cut_and_mended(tmp_path: Path) -> None:
    if reason := _cannot():
        pytest.skip(reason)
    command = [*UNSHARE, sys.executable, "-m", "tests.store.namespaces", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["failed, whole"] == 0
    assert seen["failed, one cut"] == 0
    assert seen["failed, two cut"] > 0
    assert seen["acknowledged, two cut"] == 0
    assert seen["acknowledged"] > 50
    assert seen["lost"] == []
