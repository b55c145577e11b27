"""What the list of chargers says of each, as it was when a signal came."""

from __future__ import annotations

from pathlib import Path

import msgspec

from energyguard.log import Records, open_log
from energyguard.model.topics import CHARGERS, SIGNALS
from energyguard.records.stations import Charger
from energyguard.stream.sessions.signals import Listed


def test_a_rating_counts_from_when_it_was_listed(tmp_path: Path) -> None:
    log = open_log(f"sqlite:///{tmp_path / 'log.db'}")
    listed = Listed(log)
    for rating, at_ms in ((22.0, 1_000), (22.0, 2_000), (50.0, 3_000), (None, 4_000)):
        charger = Charger(charger="c-1", station="s", rating_kw=rating, topic=SIGNALS.name)
        value = msgspec.json.encode(charger)
        log.append(CHARGERS.name, Records([b"c-1"], [value], (), [at_ms]))
    listed.refresh()
    found = [listed.rating_kw(SIGNALS.name, "c-1", at) for at in (900, 1_500, 3_000, 5_000)]
    assert found == [22.0, 22.0, 50.0, None]
    assert listed.rating_kw(SIGNALS.name, "c-2", 5_000) is None
    log.close()
