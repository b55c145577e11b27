"""Alerts of the lines: one per episode, over when it is over, and the same after a restart."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest

from energyguard.alerts.book import AlertBook
from energyguard.edge.cloud.line_alerts import CLOCK, SILENT, LineReport, LineWatch
from energyguard.model.alerts import State
from energyguard.records.alerts import AlertEvent
from energyguard.records.edges import EDGE_LINK, EdgeEntry, EdgeLink
from energyguard.settings.edge import CloudSettings
from tests.edge.lines import NOON, entry, link

SETTINGS = CloudSettings(silent="1m", clock_offset="1m")
ROOF = {"roof": entry()}
HOUR = 3_600_000


class Cloud:
    """What the role does with the watch: look, write, commit; and start again from the log."""

    def __init__(self, links: Mapping[str, EdgeLink]) -> None:
        self.log = {name: EDGE_LINK.encode(told) for name, told in links.items()}
        self.now_ms = NOON
        self.events: list[AlertEvent] = []
        self.start()

    def start(self) -> None:
        """Begin with what is written."""
        self.links = {name: EDGE_LINK.decode(value) for name, value in self.log.items()}
        self.watch = LineWatch(self.links, SETTINGS)

    def look(self, entries: Mapping[str, EdgeEntry] = ROOF, crash: bool = False) -> LineReport:
        """Look, and append what was found, unless the transaction fails."""
        found = self.watch.look(self.links, entries, self.now_ms / 1000, self.now_ms)
        if not crash:
            self.events += found.events
            self.log |= {name: EDGE_LINK.encode(told) for name, told in found.links.items()}
            self.links = dict(found.links)
            self.watch.committed(found)
        return found

    def hear(self, seconds: int = 0, **changes: object) -> None:
        """The roof says that it is there; the end knows nothing of alerts."""
        self.now_ms += 1_000 * seconds
        self.links["roof"] = msgspec.structs.replace(
            self.links["roof"], heartbeat_ms=self.now_ms, alerts=(), **changes
        )

    def told(self) -> list[tuple[str, State]]:
        return [(event.rule, event.state) for event in self.events]


@pytest.fixture
def cloud() -> Cloud:
    return Cloud({"roof": link()})


def test_a_silence_is_one_alert_until_the_edge_is_heard_again(cloud: Cloud) -> None:
    cloud.look()
    for seconds in (30, 30, 1, 600):
        cloud.now_ms += seconds * 1_000
        cloud.look()
    (event,) = cloud.events
    assert (event.rule, event.state, event.device) == (SILENT, State.FIRING, "roof")
    assert (event.since_ms, event.time_ms) == (NOON, NOON + 61_000)
    assert (event.observed, event.expected, event.unit) == (61_000_000_000, 60_000_000_000, "s")
    assert event.about == (
        "edge roof has not been heard for 1 minute: look after its power and its network; what it "
        "measures waits on its disk"
    )
    cloud.hear(seconds=39)
    cloud.look()
    assert cloud.told() == [(SILENT, State.FIRING), (SILENT, State.RESOLVED)]
    assert cloud.events[1].id == event.id
    assert cloud.events[1].observed == 700_000_000_000
    cloud.now_ms += 61_000
    cloud.look()
    assert cloud.told()[2:] == [(SILENT, State.FIRING)]
    assert cloud.events[2].id != event.id, "a second silence is another alert"


def test_a_restart_neither_raises_it_again_nor_forgets_it(cloud: Cloud) -> None:
    cloud.look()
    cloud.now_ms += 61_000
    cloud.look()
    cloud.start()
    for _ in range(3):
        cloud.look()
        cloud.now_ms += 61_000
    assert cloud.told() == [(SILENT, State.FIRING)]
    cloud.hear(seconds=1)
    cloud.look()
    assert cloud.told() == [(SILENT, State.FIRING), (SILENT, State.RESOLVED)]
    assert len({event.id for event in cloud.events}) == 1


def test_a_transaction_that_fails_is_made_again_with_the_same_alert(cloud: Cloud) -> None:
    cloud.look()
    cloud.now_ms += 61_000
    lost = cloud.look(crash=True)
    assert cloud.look().events == lost.events
    assert cloud.told() == [(SILENT, State.FIRING)]


def test_readings_that_are_written_meanwhile_keep_the_mark(cloud: Cloud) -> None:
    cloud.look()
    cloud.now_ms += 61_000
    marked = cloud.look().links["roof"]
    plain = msgspec.structs.replace(marked, alerts=(), readings=5_000)
    assert cloud.watch.marked("roof", plain).alerts == marked.alerts != ()


def test_after_a_start_each_edge_has_its_time(cloud: Cloud) -> None:
    cloud.now_ms += 5 * HOUR  # the cloud was away, not the edge
    cloud.look()
    cloud.now_ms += 59_000
    cloud.look()
    assert cloud.events == []


def test_a_wall_clock_that_is_set_silences_nobody(cloud: Cloud) -> None:
    cloud.look()
    found = cloud.watch.look(cloud.links, ROOF, cloud.now_ms / 1000 + 1, NOON + 24 * HOUR)
    assert found.events == []


def test_a_heartbeat_that_is_told_a_little_otherwise_is_the_same(cloud: Cloud) -> None:
    for step in range(40):  # the end counts back from now: by some ms it differs each time
        cloud.now_ms += 5_000
        beat_ms = NOON + (-3, 0, 2)[step % 3]
        cloud.links["roof"] = msgspec.structs.replace(cloud.links["roof"], heartbeat_ms=beat_ms)
        cloud.look()
    assert cloud.told() == [(SILENT, State.FIRING)]


def test_a_clock_that_is_off_is_one_alert_until_it_is_right(cloud: Cloud) -> None:
    cloud.hear(offset_ms=60_000)
    cloud.look()
    assert cloud.events == [], "that much is allowed"
    cloud.hear(seconds=3, offset_ms=-24 * HOUR)
    cloud.look()
    began_ms = cloud.now_ms
    for offset_ms in (-25 * HOUR, -59_000, -31_000):
        cloud.hear(seconds=3, offset_ms=offset_ms)
        cloud.look()
    (event,) = cloud.events
    assert (event.rule, event.state, event.since_ms) == (CLOCK, State.FIRING, began_ms)
    assert (event.observed, event.expected) == (86_400 * 10**9, 60 * 10**9)
    assert event.about == (
        "the clock of edge roof is 24.0 hours behind ours: set it there (timedatectl set-ntp "
        "true); its readings have its times"
    )
    cloud.start()
    cloud.hear(seconds=3, offset_ms=30_000)
    cloud.look()
    assert cloud.told() == [(CLOCK, State.FIRING), (CLOCK, State.RESOLVED)]
    assert cloud.events[1].id == event.id
    assert cloud.links["roof"].alerts == ()


def test_an_edge_that_is_forgotten_has_no_alerts(cloud: Cloud) -> None:
    cloud.hear(offset_ms=2 * HOUR)
    cloud.look()
    cloud.now_ms += 61_000
    cloud.look()
    assert {rule for rule, _ in cloud.told()} == {SILENT, CLOCK}
    forgotten = {"roof": entry(forgotten_ms=cloud.now_ms, forgotten_by="mara")}
    cloud.look(forgotten)
    over = cloud.events[2:]
    assert {(event.rule, event.state) for event in over} == {
        (SILENT, State.RESOLVED),
        (CLOCK, State.RESOLVED),
    }
    assert {event.reason for event in over} == {"the edge was forgotten"}
    cloud.now_ms += HOUR
    cloud.look(forgotten)
    cloud.look({})
    assert len(cloud.events) == 4


def test_an_edge_that_was_never_heard_is_no_alert() -> None:
    cloud = Cloud({"roof": link(None, connected_ms=None)})
    cloud.look()
    cloud.now_ms += HOUR
    cloud.look()
    assert cloud.events == []


def test_an_edge_that_is_let_in_again_is_waited_for(cloud: Cloud) -> None:
    cloud.look({"roof": entry(forgotten_ms=NOON)})
    cloud.links["roof"] = link(connected_ms=None)
    cloud.now_ms += HOUR
    again = {"roof": entry(at_ms=cloud.now_ms, identity="roof#2")}
    for _ in range(3):
        cloud.look(again)
        cloud.now_ms += HOUR
    assert cloud.events == []
    cloud.hear()
    cloud.look(again)
    cloud.now_ms += 61_000
    cloud.look(again)
    assert cloud.told() == [(SILENT, State.FIRING)]


def test_the_book_says_it_in_a_sentence(cloud: Cloud) -> None:
    book = AlertBook()
    cloud.look()
    cloud.now_ms += 61_000
    cloud.look()
    book.tell(cloud.events[0], cloud.now_ms)
    (alert,) = book.open()
    assert not alert.is_below
    cloud.hear(seconds=539)
    cloud.look()
    book.tell(cloud.events[1], cloud.now_ms)
    assert book.open() == []
    assert book.get(alert.id).sentence.endswith("; over now, 600 s at its peak")
