"""The owner of the catalogue: which requests hold, over a log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from energyguard.catalogue import Catalogue, role
from energyguard.catalogue.changes import CatalogueChanges, Edit
from energyguard.catalogue.owner import MAX_BYTES, MAX_REQUEST_BYTES, CatalogueOwner
from energyguard.errors import Conflict
from energyguard.log import Log, Records, TopicPartition, open_log
from energyguard.model.catalogue import Device, Site
from energyguard.model.topics import CATALOGUE_CHANGES
from energyguard.records.catalogue import CATALOGUE_ENTRY, CATALOGUE_REQUEST, CatalogueRequest
from energyguard.settings.tree import Settings
from energyguard.testing import MemoryLog


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    """A log whose catalogue has its owner, in a thread."""
    settings = Settings(data_dir=tmp_path)
    opened = open_log(settings.log_url)
    stop = Event()
    owner = Thread(target=role.run, args=(settings, stop))
    owner.start()
    yield opened
    stop.set()
    owner.join()
    opened.close()


def test_a_change_holds_when_the_call_returns(log: Log) -> None:
    mine = Catalogue()
    changes = CatalogueChanges(log, mine)
    held = changes.put([Edit("site/a", Site(name="A")), Edit("device/d", Device(name="D"))], "mara")
    assert {key: (v.revision, v.by) for key, v in held.items()} == {
        "site/a": (1, "mara"),
        "device/d": (2, "mara"),
    }
    assert mine.sites["a"].name == "A"
    changes.put([Edit("site/a", Site(name="B"), from_ms=10)], "jo")
    assert [(v.by, v.from_ms) for v in mine.history("site/a")] == [("mara", None), ("jo", 10)]


def test_of_two_who_change_one_entry_the_second_is_told(log: Log) -> None:
    first, second = (CatalogueChanges(log, Catalogue()) for _ in range(2))
    first.put([Edit("site/a", Site(name="A"))], "mara")
    second.refresh()
    first.put([Edit("site/a", Site(name="of mara"))], "mara")
    with pytest.raises(Conflict, match="site/a"):
        second.put(
            [Edit("site/a", Site(name="of jo"), based_on=1), Edit("site/b", Site(name="B"))], "jo"
        )
    first.refresh()
    assert first._catalogue.sites["a"].name == "of mara"
    assert first._catalogue.sites["b"].name == "B"  # the other one holds
    second.put([Edit("site/a", Site(name="of jo"))], "jo")  # it has seen mara's now


def test_what_cannot_be_read_costs_its_neighbours_nothing(log: Log) -> None:
    bad = [b"{}", b"no json", b'{"id":"x","based_on":0,"entry":{"is":"site","name":"A"}}']
    log.append(CATALOGUE_CHANGES.name, Records([b"site/a", b"site/a", b"device/a"], bad))
    changes = CatalogueChanges(log, Catalogue())
    assert list(changes.put([Edit("site/a", Site(name="A"))], "mara")) == ["site/a"]


def test_what_is_changed_again_and_again_stays_short_enough_for_a_broker() -> None:
    owner, log, sizes = CatalogueOwner({}), MemoryLog(), list[int]()
    at = {TopicPartition(CATALOGUE_CHANGES.name, 0): 0}
    for n in range(60):
        device = Device(name=f"{n}", labels={"long": "x" * 20_000})
        request = CatalogueRequest(id=f"r{n}", based_on=n, entry=device)
        records = Records([b"device/d"], [CATALOGUE_REQUEST.encode(request)])
        log.append(CATALOGUE_CHANGES.name, records)
        fetched = log.read(at, 10, 0)
        at = {part.at: part.next_offset for part in fetched}
        value = owner.take(fetched)["device/d"]
        sizes.append(len(value))
    assert max(sizes) <= MAX_BYTES < sum(sizes)
    versions = CATALOGUE_ENTRY.decode(value).versions
    assert [v.revision for v in versions] == [*range(61 - len(versions), 61)]  # the newest
    too_long = CatalogueRequest(id="x", based_on=0, entry=Device(name="x" * MAX_REQUEST_BYTES))
    log.append(CATALOGUE_CHANGES.name, Records([b"device/e"], [CATALOGUE_REQUEST.encode(too_long)]))
    assert owner.take(log.read(at, 10, 0)) == {}
