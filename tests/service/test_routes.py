"""Who is told outside of the house: made, changed, tried, removed; addresses stay secret."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from threading import Barrier

import msgspec
import pytest

from energyguard.audit import AuditTrail
from energyguard.clock import ManualClock
from energyguard.errors import EnergyGuardError, Malformed, NotFound
from energyguard.log import EARLIEST
from energyguard.model.notify import News, Standing
from energyguard.model.topics import AUDIT, DELIVERIES, ROUTES
from energyguard.notify.deliveries import delivery_records, key_of_delivery
from energyguard.records.notify import ROUTE, AlertDelivery
from energyguard.rules.registry import book_of
from energyguard.service.notify.contract import RouteFields
from energyguard.service.notify.routes import RouteVerbs
from energyguard.settings.notify import NotifySettings
from energyguard.settings.tree import Settings
from energyguard.testing import MemoryLog
from tests.notify.servers import hooked
from tests.service.made import NOON

SECRET = "s3cr3t-token"
HOOK = f"https://203.0.113.7/{SECRET}"
"""An address of documentation: nobody is there."""


def verbs(log: MemoryLog, folder: Path, inside: bool = True) -> RouteVerbs:
    settings = Settings(data_dir=folder, notify=NotifySettings(inside=inside))
    return RouteVerbs(log, settings, book_of(settings), ManualClock(NOON))


def test_a_route_is_made_changed_and_removed(tmp_path: Path) -> None:
    routes = verbs(MemoryLog(), tmp_path)
    made = routes.put("desk", RouteFields(address=HOOK, severity="warning"), "mara")
    assert (made.how, made.to, made.severity) == ("webhook", "https://203.0.113.7/…", "warning")
    changed = routes.put("desk", RouteFields(quiet="22:00-06:30", per_hour=5), "jan")
    assert (changed.to, changed.severity, changed.quiet) == (made.to, "warning", "22:00-06:30")
    assert (changed.by, changed.at_ms) == ("jan", NOON)
    assert routes.all() == [changed]
    routes.remove("desk", "mara")
    with pytest.raises(NotFound, match="no route 'desk'"):
        routes.get("desk")


def test_two_who_change_a_route_at_once_lose_nothing(tmp_path: Path) -> None:
    log = MemoryLog()
    routes = [verbs(log, tmp_path) for _ in range(2)]
    routes[0].put("desk", RouteFields(address=HOOK), "mara")
    changes = [RouteFields(quiet=f"0{n}:00-06:30") for n in range(4)]
    changes += [RouteFields(per_hour=n) for n in range(5, 9)]
    together = Barrier(len(changes))

    def change(n: int) -> None:
        together.wait(10)
        for _ in range(20):
            routes[n % 2].put("desk", changes[n], f"person{n}")

    with ThreadPoolExecutor(len(changes)) as pool:
        list(pool.map(change, range(len(changes))))
    table = [
        ROUTE.decode(value)
        for part in log.read(log.positions(ROUTES.name, EARLIEST), 1_000, 0)
        for value in part.values
        if value is not None
    ]
    for before, after in pairwise(table):  # each has what the one before it had
        n = int(after.by.removeprefix("person"))
        of_others = {"per_hour"} if n < 4 else {"quiet"}
        assert all(getattr(before, name) == getattr(after, name) for name in of_others)


def test_an_address_is_made_of_what_a_service_needs(tmp_path: Path) -> None:
    routes = verbs(MemoryLog(), tmp_path)
    offered = {offer.service: [field.name for field in offer.fields] for offer in routes.services()}
    assert offered["ntfy"] == ["server", "topic", "token"]
    fields = RouteFields(service="ntfy", entered={"server": "203.0.113.7", "topic": "s3cr3t"})
    made = routes.put("phone", fields, "mara")
    assert (made.how, made.to) == ("ntfy", "ntfy")
    with pytest.raises(Malformed, match="topic is needed"):
        routes.put("phone", RouteFields(service="ntfy", entered={"server": "x.org"}), "mara")
    assert routes.get("phone") == made


def test_an_address_is_shown_nowhere(tmp_path: Path) -> None:
    log = MemoryLog()
    routes = verbs(log, tmp_path)
    with hooked() as hook:
        hook.status = 404
        routes.put("desk", RouteFields(address=hook.url.replace("s3cr3t-path", SECRET)), "mara")
        tried = routes.test("desk", "mara")
    assert (tried.standing, tried.reason) == (Standing.FAILED, "http://127.0.0.1/…: answers 404")
    gone = routes.test("desk", "mara")
    assert "Connection refused" in gone.reason
    shown = repr([routes.all(), routes.deliveries(), AuditTrail(log, ManualClock()).newest()])
    kept = b"".join(
        value or b""
        for topic in (ROUTES, DELIVERIES, AUDIT)
        for part in log.read(log.positions(topic.name, EARLIEST), 1_000, 0)
        for value in part.values
    )
    assert SECRET not in shown
    assert SECRET.encode() not in kept
    assert "route tried" in shown
    assert stat.S_IMODE((tmp_path / "notify.key").stat().st_mode) == 0o600


def test_a_test_says_that_the_other_side_has_it(tmp_path: Path) -> None:
    routes = verbs(MemoryLog(), tmp_path)
    with hooked() as hook:
        routes.put("desk", RouteFields(address=hook.url), "mara")
        assert routes.test("desk", "mara", "Probe").standing is Standing.SENT
        assert hook.got[0]["title"] == "Probe"
    last = routes.get("desk").last
    assert last is not None
    assert (last.standing, last.news, last.alert) == ("sent", "test", "")


def test_all_that_waits_is_counted(tmp_path: Path) -> None:
    log = MemoryLog()
    routes = verbs(log, tmp_path)
    routes.put("desk", RouteFields(address=HOOK), "mara")
    waiting = [
        AlertDelivery(
            route="desk", alert=f"a{n}", news=News.FIRING, standing=Standing.WAITING, at_ms=NOON
        )
        for n in range(1_200)
    ]
    sent = msgspec.structs.replace(waiting[0], alert="old", standing=Standing.SENT, at_ms=NOON - 1)
    by_key = {key_of_delivery(delivery): delivery for delivery in [*waiting, sent]}
    log.append(DELIVERIES.name, delivery_records(by_key))
    view = routes.get("desk")
    assert view.waiting == 1_200
    assert view.last is not None
    assert view.last.alert == "old"


def test_without_its_key_an_address_has_to_be_entered_anew(tmp_path: Path) -> None:
    log = MemoryLog()
    (tmp_path / "a").mkdir()
    verbs(log, tmp_path / "a").put("desk", RouteFields(address=HOOK), "mara")
    (tmp_path / "b").mkdir()
    assert "enter it anew" in verbs(log, tmp_path / "b").test("desk", "mara").reason


@pytest.mark.parametrize(
    ("name", "fields", "fault"),
    [
        ("Desk 1", {"address": HOOK}, "write a name of a-z"),
        ("desk", {}, "say where messages go"),
        ("desk", {"address": "https://127.0.0.1/x"}, "inside the network"),
        ("desk", {"address": "http://localhost:8400/x"}, "inside the network"),
        ("desk", {"address": "smtp://10.1.2.3?to=a@b.c"}, "inside the network"),
        ("desk", {"address": HOOK, "severity": "bad"}, "write info, warning, critical"),
        ("desk", {"address": HOOK, "selector": "floor"}, "selector"),
        ("desk", {"address": HOOK, "rule": "none"}, "none"),
        ("desk", {"address": HOOK, "hours": "noon"}, "'noon' is no day and no time"),
        ("desk", {"address": HOOK, "quiet": "sat-fri"}, "never end"),
        ("desk", {"address": HOOK, "unanswered_min": -1}, "from 0 to 10080"),
        ("desk", {"address": HOOK, "per_hour": 0}, "from 1 to 1000"),
        ("desk", {"address": HOOK, "language": "klingon"}, "language"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_kept(
    tmp_path: Path, name: str, fields: dict[str, object], fault: str
) -> None:
    routes = verbs(MemoryLog(), tmp_path, inside=False)
    with pytest.raises(EnergyGuardError, match=fault):
        routes.put(name, RouteFields()._replace(**fields), "mara")  # type: ignore[arg-type]
    assert routes.all() == []
