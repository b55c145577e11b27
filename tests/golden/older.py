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
SLOW: Final = (b"Q", b"X")
"""How keys of meters begin that are slow, or have too few readings for a rhythm: this version
counts an energy where it comes, today's over the time that it was used in (the ledger)."""
STAYS: Final = (
    *(b"charger-2/1757239276", b"charger-2/1757239397"),  # whose card came late: not billed
    *(b"charger-3/1757239339", b"charger-3/1757239470", b"charger-3/1757239473"),  # came too late
    *(b"charger-station-signals/1757239471", b"charger-station-signals/1757239472"),
)
"""Stays, and seconds that chargers were occupied in, of late signals: this version inferred what
had not come, today's waits for it, or folds the session again."""

BILLS: Final = ("to_whole", "to_thousandth")
"""Headers of `transaction-profit` that this version did not write."""


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
