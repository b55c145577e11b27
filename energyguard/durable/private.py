"""Files that nobody else on the machine can read: they tell when who was at home."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

OURS = (
    *("log.db*", "store.db*", "people.*", "tokens.*", "*.key", "*.pem", "*.json"),
    *("run", "history"),
)
"""What a data folder holds."""
OWNER_ONLY, WITH_GROUP = 0o077, 0o027


def keep_private(folder: Path, *, group: bool = False) -> None:
    """Make files of this process private, and tighten those of a data folder that is there.

    A folder that many share (one with the sticky bit, or none of ours) is left as it is.

    Args:
        folder: the data folder.
        group: its group may read it.
    """
    mask = WITH_GROUP if group else OWNER_ONLY
    os.umask(mask)
    if not folder.is_dir():
        return
    found = [path for pattern in OURS for path in folder.glob(pattern)]
    for path in [folder, *found] if found else []:
        with suppress(OSError):  # somebody else's, or just gone
            mode = stat.S_IMODE(path.lstat().st_mode)
            if mode & mask and not mode & stat.S_ISVTX and not path.is_symlink():
                path.chmod(mode & ~mask)
