"""Copies by a schedule: made when the newest is old enough, and told in the audit."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from threading import Event

from energyguard.audit import AuditTrail
from energyguard.backup import schedule
from energyguard.backup.manifest import copies
from energyguard.clock import ManualClock
from energyguard.log import open_log
from energyguard.settings.backup import BackupSettings
from energyguard.settings.tree import Settings


class _Rounds(Event):
    """Lets a role look so often."""

    def __init__(self, rounds: int) -> None:
        super().__init__()
        self.left = rounds

    def wait(self, timeout: float | None = None) -> bool:
        self.left -= 1
        return self.left < 0


def test_a_copy_of_the_schedule_is_in_the_audit(tmp_path: Path) -> None:
    to = tmp_path / "to"
    settings = Settings(data_dir=tmp_path / "data", backup=BackupSettings(to=to, every="1h"))
    settings.data_dir.mkdir()
    with closing(open_log(settings.log_url)) as log:
        clock = ManualClock(1_000_000_000_000)
        schedule.run(settings, _Rounds(3), clock)  # once: the others find a copy that is new
        (copy,) = copies(to)
        (entry,) = AuditTrail(log, clock).newest()
    assert (entry.act, entry.by, entry.about) == ("copy made", "the schedule", copy.name)
