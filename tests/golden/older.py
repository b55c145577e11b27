"""The package of an older version, from the history of this checkout."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path
from typing import Final

import pytest

from tests.golden.product import ROOT

COMMIT: Final = "f7d22a5"  # the last one before the house was rebuilt


def package(folder: Path, commit: str = COMMIT) -> Path:
    """Unpack it into a folder, which then goes on a process's PYTHONPATH.

    A checkout without its history (a shallow clone, an archive) skips the test.
    """
    words = ["git", "-C", str(ROOT), "archive", commit, "energyguard"]
    try:
        done = subprocess.run(words, capture_output=True, timeout=60, check=False)
    except FileNotFoundError:
        pytest.skip("no older version: there is no git here")
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip()
        pytest.skip(f"no older version: commit {commit} is not in this clone ({reason})")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder
