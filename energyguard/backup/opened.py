"""A data folder before anything is written into it: whole, readable, and of this version."""

from __future__ import annotations

from collections.abc import Callable

from energyguard.backup.exchange import finish_exchange
from energyguard.backup.folder_version import copy_older
from energyguard.log.sqlite.lost import check_log
from energyguard.settings.tree import Settings


def open_folder(settings: Settings, say: Callable[[str], None]) -> None:
    """Finish what was begun with a data folder, look at its log, and copy it if it is older.

    Args:
        settings: which folder, and where its log and its copies are.
        say: takes sentences for people.

    Raises:
        Corrupt: the log cannot be opened.
        ConfigError: a newer version has written the folder.
    """
    if aside := finish_exchange(settings.data_dir):
        say(f"a copy was being put back: that is finished; what was there is {aside} now")
    check_log(settings.log_url, settings.data_dir / "history")
    copy_older(settings, say)
