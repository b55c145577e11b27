"""Standing silences as people use them: previewed, made, ended, and kept over restarts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from energyguard.alerts.book import AlertBook
from energyguard.catalogue import Catalogue
from energyguard.clock import ManualClock
from energyguard.errors import Conflict, Malformed, NotFound
from energyguard.log import EARLIEST, Log
from energyguard.model.alerts import Act, State
from energyguard.model.catalogue import Device, Site, key_of
from energyguard.records.alerts import AlertEvent
from energyguard.records.catalogue import CATALOGUE_ENTRY, CatalogueHistory, CatalogueVersion
from energyguard.rules.registry import book_of
from energyguard.service.alerts.feed import AlertFeed
from energyguard.service.alerts.silences import SilenceVerbs
from energyguard.service.service import EnergyService
from energyguard.settings.tree import Settings
from energyguard.testing import MemoryLog
from tests.service.made import StandInHistory, alert_event, raise_alerts
from tests.waiting import until

DAY = 86_400_000
EVENING = round(datetime(2026, 6, 1, 20, 0, tzinfo=UTC).timestamp() * 1000)  # 22:00 in Berlin


def alert(alert_id: str, device: str, rule: str = "household-prod") -> AlertEvent:
    return msgspec.structs.replace(alert_event(alert_id), device=device, rule=rule)


class Office:
    """What a service has of alerts, over a log, without its threads."""

    def __init__(self, log: Log, clock: ManualClock) -> None:
        self.log, self.clock = log, clock
        self.book, self.catalogue = AlertBook(clock=clock), Catalogue("UTC")
        self.book.silences.facts = self.catalogue.facts
        rules = book_of(Settings())
        self.feed = AlertFeed(log, self.book, rules.apply, clock)
        self.verbs = SilenceVerbs(
            log, self.book, self.feed.notifications, rules, self.catalogue, clock
        )
        entries: tuple[tuple[str, str, Site | Device], ...] = (
            ("site", "lindenhof", Site(name="Lindenhof", zone="Europe/Berlin")),
            ("device", "H017", Device(name="Küche", site="lindenhof")),
        )
        for revision, (kind, entry_id, entry) in enumerate(entries, 1):
            version = CatalogueVersion(revision=revision, entry=entry)
            value = CATALOGUE_ENTRY.encode(CatalogueHistory(versions=(version,)))
            self.catalogue._put(key_of(kind, entry_id), version, value)

    def read(self) -> None:
        for topic, take in self.feed.takers.items():
            for part in self.log.read(self.log.positions(topic, EARLIEST), 1_000, 0):
                take(part)


@pytest.fixture
def office() -> Iterator[Office]:
    clock = ManualClock(EVENING)
    log = MemoryLog(clock)
    yield Office(log, clock)
    log.close()


def test_a_preview_counts_what_is_open_and_what_fired_in_a_week(office: Office) -> None:
    raise_alerts(office.log, alert("a0", "H017"))
    office.clock.sleep(8 * 86_400)
    over = msgspec.structs.replace(alert("a3", "H017"), state=State.RESOLVED)
    raise_alerts(office.log, alert("a1", "H017"), alert("a2", "H018"), alert("a3", "H017"), over)
    office.read()
    assert office.verbs.preview("site=lindenhof") == (2, 2, 1)
    assert office.verbs.preview("id=H018", "household-prod") == (1, 1, 1)
    assert office.verbs.preview("", "floor-kw") == (0, 0, 0)
    with pytest.raises(NotFound, match="no rule 'none'"):
        office.verbs.preview("", "none")
    with pytest.raises(Malformed, match="write id=…"):
        office.verbs.preview("floor 2")


def test_what_fires_under_a_silence_is_no_notification_whatever_is_read_first(
    office: Office,
) -> None:
    made = office.verbs.put("site=lindenhof", until_ms=EVENING + DAY, by="timo", note="works")
    office.clock.sleep(60)
    raise_alerts(office.log, alert("a1", "H017"), alert("a2", "H018"))
    office.read()
    (told,) = office.feed.notifications.newest()
    assert (told.event.id, office.feed.notifications.unread("mara")) == ("a2", 1)
    assert office.verbs.get(made.id).alerts == 1
    office.clock.sleep(60)
    ended = office.verbs.end(made.id, "mara")
    assert (ended.active, ended.ended_by, ended.note) == (False, "mara", "works")
    assert office.book.get("a1").state is State.FIRING
    with pytest.raises(Conflict, match="over already"):
        office.verbs.end(made.id, "mara")
    again = Office(office.log, office.clock)  # another process, or the same after a restart
    again.read()
    assert again.verbs.all() == [ended]
    assert [found.event.id for found in again.feed.notifications.newest()] == ["a2"]


def test_an_end_is_in_the_zone_of_the_site(office: Office) -> None:
    at = office.verbs.until
    hour = 3_600_000
    assert at("tonight", "site=lindenhof") == EVENING + 9 * hour
    assert at("tonight") == EVENING + 11 * hour
    assert at("tonight", "id=H017") == EVENING + 9 * hour
    office.clock.sleep(8 * 3_600)  # 06:00 in Berlin: the night is not over
    assert at("tonight", "site=lindenhof") == EVENING + 9 * hour
    assert at("2026-06-02", "site=lindenhof") == EVENING + 26 * hour
    assert at("2026-06-02T12:00", "site=lindenhof") == EVENING + 14 * hour
    assert at("90 minutes") == office.clock.now_ms() + 90 * 60_000
    assert at("") is None
    with pytest.raises(Malformed, match="write tonight, 1 h"):
        at("next week")


def test_a_silence_without_an_end_lasts_until_somebody_ends_it(office: Office) -> None:
    made = office.verbs.put(rule="floor-kw", by="timo")
    office.clock.sleep(400 * 86_400)
    assert office.verbs.get(made.id).until_ms is None
    assert office.verbs.get(made.id).active
    with pytest.raises(Malformed, match="this time is over"):
        office.verbs.put(until_ms=EVENING, by="timo")
    with pytest.raises(NotFound):
        office.verbs.end("none", "timo")


def test_a_maintenance_window_is_of_the_clock_of_its_site(office: Office) -> None:
    verbs, hour = office.verbs, 3_600_000  # Monday 22:00 in Berlin
    made = verbs.put("site=lindenhof", by="timo", note="heating", every="Tue  02:00-04:00")
    assert (made.every, made.zone, made.active) == ("tue 02:00-04:00", "Europe/Berlin", False)
    assert (made.next_ms, made.until_ms, made.is_planned) == (EVENING + 4 * hour, None, True)
    assert verbs.put("", by="timo", every="tue 02:00-04:00").next_ms == EVENING + 6 * hour
    raise_alerts(office.log, alert("a1", "H017"))
    office.clock.sleep(5 * 3_600)
    inside = verbs.get(made.id)
    assert (inside.active, inside.ends_ms) == (True, EVENING + 6 * hour)
    raise_alerts(office.log, alert("a2", "H017"), alert("a3", "H017"))
    office.clock.sleep(60)
    raise_alerts(office.log, msgspec.structs.replace(alert("a3", "H017"), state=State.RESOLVED))
    office.read()
    assert verbs.preview("site=lindenhof", every="tue 02:00-04:00") == (2, 2, 1)
    news = office.feed.notifications
    assert [told.event.id for told in news.newest()] == ["a1"]
    office.clock.sleep(4 * 3_600)
    assert verbs.preview("site=lindenhof", every="tue 02:00-04:00") == (0, 2, 1)
    assert [told.event.id for told in news.newest()] == ["a2", "a1"]  # it outlasted the window
    ended = verbs.end(made.id, "mara")  # between two of its times, for good
    assert (ended.is_over, ended.next_ms) == (True, None)


def test_a_window_that_begins_later_counts_from_there(office: Office) -> None:
    verbs, hour = office.verbs, 3_600_000
    begin = verbs.begins("2026-06-02T08:00", "site=lindenhof")
    assert begin == EVENING + 10 * hour
    assert verbs.begins("") is None
    assert verbs.until("4 h", "site=lindenhof", begin) == EVENING + 14 * hour
    assert verbs.until("tonight", "site=lindenhof", begin) == EVENING + 33 * hour
    made = verbs.put("site=lindenhof", until_ms=EVENING + 14 * hour, by="timo", from_ms=begin)
    assert (made.active, made.next_ms, made.from_ms) == (False, begin, begin)
    assert [view.id for view in verbs.all() if not view.is_over] == [made.id]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"every": "sunday"}, "every: 'sunday': 'sunday' is no day and no time"),
        ({"every": "wed", "until_ms": EVENING + DAY}, "every: 'wed' does not come until then"),
        ({"from_ms": EVENING - 1}, "from: this time is over; without it the silence begins now"),
        ({"from_ms": EVENING + 2, "until_ms": EVENING + 2}, "until: it ends before it begins"),
    ],
)
def test_a_window_that_cannot_be_is_refused(
    office: Office, fields: dict[str, Any], why: str
) -> None:
    with pytest.raises(Malformed, match=why):
        office.verbs.put("site=lindenhof", by="timo", **fields)
    assert office.verbs.all() == []


def test_silences_long_over_are_forgotten(office: Office) -> None:
    made = office.verbs.put("id=H017", until_ms=EVENING + 1, by="timo")
    office.clock.sleep(100 * 86_400)
    newer = office.verbs.put("id=H018", by="timo")
    assert [view.id for view in office.verbs.all()] == [newer.id]
    assert office.book.silences.get(made.id) is None


def test_many_alerts_are_acted_on_at_once_or_none(
    log: MemoryLog, history: StandInHistory, service: EnergyService
) -> None:
    raise_alerts(log, alert("a1", "H017"), alert("a2", "H018"))
    until(lambda: len(service.book.open()) == 2)
    with pytest.raises(NotFound, match="a9"):
        service.act_on(["a1", "a9"], Act.ACKNOWLEDGE, "mara")
    assert service.book.get("a1").state is State.FIRING
    both = service.act_on(["a1", "a2", "a1"], Act.SILENCE, "mara", "fair")
    assert [(a.id, a.state) for a in both] == [("a1", State.SILENCED), ("a2", State.SILENCED)]
    service.act_on(["a1", "a2"], Act.UNSILENCE, "mara")
    assert {a.state for a in service.book.open()} == {State.FIRING}
