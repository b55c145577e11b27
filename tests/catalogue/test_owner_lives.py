"""The owner of the catalogue as a process that is killed, and on a real broker."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest

from energyguard.catalogue import Catalogue, role
from energyguard.catalogue.changes import CatalogueChanges, Edit
from energyguard.errors import Unavailable
from energyguard.log import Log, open_log
from energyguard.model.catalogue import Device
from energyguard.settings.tree import LogSettings, Settings
from tests.forking import Forked

if TYPE_CHECKING:
    from deploy.kafka.brokers import Cluster

EDITS = 60


@contextmanager
def owner(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The role as a process of its own; killed at the end."""
    words = ("-m", "energyguard", "role", "catalogue", "--data-dir", str(folder))
    process = Forked(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def played(settings: Settings) -> Iterator[None]:
    """The role in a thread."""
    stop = Event()
    thread = Thread(target=role.run, args=(settings, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def impatient(settings: Settings, stop: Event) -> Iterator[Log]:
    """The log of a role that takes a silent member for dead after half a second."""
    log = open_log(settings.log_url, session_s=0.5)
    yield log
    log.close()


def test_who_is_killed_between_requests_loses_none_and_doubles_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = open_log(Settings(data_dir=tmp_path).log_url)
    changes, unanswered, done = CatalogueChanges(log, Catalogue()), list[str](), Event()
    names = [f"D{n:02}" for n in range(EDITS)]

    def ask() -> None:
        for name in names:
            if name == names[EDITS // 3]:
                done.set()
            try:
                changes.put([Edit(f"device/{name}", Device(name=name), based_on=0)], "mara")
            except Unavailable:  # it may still be made
                unanswered.append(name)

    asking = Thread(target=ask)
    monkeypatch.setattr(role, "role_log", impatient)
    with owner(tmp_path) as first:
        asking.start()
        assert done.wait(60)
        first.send_signal(signal.SIGKILL)
        first.wait()
    with played(Settings(data_dir=tmp_path)):
        asking.join(60)
        assert not asking.is_alive()
        fresh = Catalogue()
        CatalogueChanges(log, fresh).refresh()
    log.close()
    assert unanswered == []
    assert list(fresh.devices) == names
    versions = [fresh.history(f"device/{name}") for name in names]
    assert [len(found) for found in versions] == [1] * EDITS
    assert [found[0].revision for found in versions] == [*range(1, EDITS + 1)]


def test_a_broker_keeps_what_was_changed(kafka: Cluster, tmp_path: Path) -> None:
    url = f"kafka://{kafka.bootstrap}"
    settings = Settings(data_dir=tmp_path, log=LogSettings(url=url))
    log: Log = open_log(url)
    mine = Catalogue()
    changes = CatalogueChanges(log, mine)
    edits = [Edit(f"device/D{n:03}", Device(name=f"Meter {n}")) for n in range(300)]
    with played(settings):
        assert len(changes.put(edits, "mara")) == 300
    with played(settings):  # another life goes on where the first one ended
        changes.put([Edit("device/D000", Device(name="Oven"))], "jo")
    fresh = Catalogue()
    CatalogueChanges(log, fresh).refresh()
    log.close()
    assert (len(fresh.devices), fresh.revision, fresh.name("D000")) == (300, 301, "Oven")
    assert [version.by for version in fresh.history("device/D000")] == ["mara", "jo"]
