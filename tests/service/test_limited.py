"""Roles and sites: who may do what to whom, and that nothing is told of what is not seen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import product
from types import SimpleNamespace
from typing import Any

import httpx
import pyarrow as pa
import pytest

from energyguard.access.tokens import Tokens
from energyguard.api import problems
from energyguard.api.app import build_app
from energyguard.api.gate.permissions import API
from energyguard.catalogue.changes import Edit
from energyguard.domains.charging.places import device_id
from energyguard.errors import ConfigError, Conflict, Forbidden, NotFound
from energyguard.history.query import queries
from energyguard.log import EARLIEST, LATEST
from energyguard.model import topics
from energyguard.model.access import AccessRole, Caller
from energyguard.model.alerts import Act
from energyguard.model.catalogue import Device, DeviceGroup, Entry, Site, Term
from energyguard.records.edges import EdgeDevice
from energyguard.service.consumption.amounts import ConsumptionStep
from energyguard.service.consumption.consumption import ConsumptionSeries
from energyguard.service.contract import Service
from energyguard.service.limited.callers import CallerServices
from energyguard.service.limited.consumption import LimitedConsumption
from energyguard.service.limited.site_scope import SiteScope
from energyguard.service.notify.contract import RouteFields
from tests.application.edges import add
from tests.application.service import MadeUpService, put
from tests.application.world import HOMES
from tests.edge.lines import link
from tests.service.test_late_sums import BEHIND_MS, FRONT_MS, Summing

OWN, FOREIGN = "H017", "H003"
FLOORS = {OWN: "p1", FOREIGN: "p2"}
CHARGERS = {OWN: "charger-1", FOREIGN: "charger-2"}
EDGES = {OWN: "roof", FOREIGN: "cellar"}
LETTERS = {OWN: 0, FOREIGN: 0}
"""Where the letter of each is; filled in by the fixture."""
BAD_ROWS = b"timestamp,household_id,energy_kwh\nyesterday,H017,0.11\nyesterday,H003,0.12\n"
BOTH_IN_A_ROW = b'{"timestamp":"never","household_id":"H017","of":"H003","energy_kwh":0.13}\n'
SITES = ("lindenhof",)


@pytest.fixture(scope="module")
def made() -> Iterator[MadeUpService]:
    """Two sites: in one H017 and, on its floor, H042; in the other one all other homes."""
    service = MadeUpService(floors=2)
    stations: Any = service.projections["chargers"]
    own, foreign = (stations._bays.listed[name] for name in CHARGERS.values())
    entries: dict[str, Entry] = {
        "site/lindenhof": Site(name="Lindenhof"),
        "site/floor-2": Site(name="Second floor", parent="lindenhof"),
        "site/elsewhere": Site(name="Elsewhere"),
        "group/pumps": DeviceGroup(name="Pumps"),
        "group/secret": DeviceGroup(name="Secret"),
        "device/H017": Device(name="Oven", site="lindenhof", groups=("pumps",)),
        "device/H042": Device(name="Freezer", site="floor-2"),
        f"device/{device_id(own)}": Device(name="Bay 1", site="lindenhof"),
        f"device/{device_id(foreign)}": Device(name="Bay 2", site="elsewhere"),
        "device/p1": Device(name="Floor 1", site="lindenhof"),
        "device/p2": Device(name="Floor 2", site="elsewhere"),
        "device/both": Device(
            name="", site="lindenhof", terms=(Term(device=OWN), Term(device=FOREIGN))
        ),
    }
    for home in HOMES:
        entries.setdefault(f"device/{home}", Device(name="", site="elsewhere", groups=("secret",)))
    for key, entry in entries.items():
        service.catalogue.entries.see(key, entry, "tests")
    for device, edge in EDGES.items():
        add(service, edge, link(service.clock.now_ms(), readings=1))
        owned = EdgeDevice(edge=edge, at_ms=1)
        put(service.log, topics.EDGE_DEVICES.name, device, owned, 1)
    add(service, "mixed", link(service.clock.now_ms(), readings=1))
    for home in ("H042", "H005"):
        put(service.log, topics.EDGE_DEVICES.name, home, EdgeDevice(edge="mixed", at_ms=1), 1)
    service.take_readings(BAD_ROWS, "csv")
    service.take_readings(BOTH_IN_A_ROW)
    for letter in service.dead_letters():
        for device in LETTERS:
            if device in letter.original:
                LETTERS[device] = letter.offset
    for topic in (topics.EDGES, topics.EDGE_LINKS, topics.EDGE_DEVICES):
        at = service.log.positions(topic.name, EARLIEST)
        service.live._take(service.log.read(at, 1_000, 0.0))
    for device in (OWN, FOREIGN):
        fields = RouteFields(address="https://1.1.1.1/s3cr3t", selector=f"id={device}")
        service.routes.put(f"of-{device.lower()}", fields, "mara")
    yield service


def of(service: Service, role: AccessRole, sites: tuple[str, ...] = ()) -> Service:
    return CallerServices(service).of(Caller("guest", role, sites))


def an_alert(service: Service, device: str) -> str:
    return next(alert.id for alert in service.book.find() if alert.device == device)


Verb = Callable[[Service, str], Any]
WRITE, READ, OPERATE, ADMIN = AccessRole
ROW = b"timestamp,household_id,energy_kwh\n2025-09-06T17:54:02Z,%b,0.1\n"
OWN_RULE = '[[rule]]\nkind = "silence"\nid = "floor-kw"\nlonger_than = "1m"'


def allowed(do: Callable[..., object], *given: str) -> None:
    """Whether it may be done at all; what there is may not let it."""
    with suppress(Conflict, ConfigError):
        do(*given)


VERBS: dict[str, tuple[Verb, set[AccessRole], bool]] = {
    "send": (lambda s, d: s.take_readings(ROW % d.encode(), "csv"), {WRITE, ADMIN}, True),
    "look": (lambda s, d: s.devices.detail(d), {READ, OPERATE, ADMIN}, True),
    "ask": (lambda s, d: s.query("readings", device=d, channel="", start_ms=0, end_ms=1, limit=1),
            {READ, OPERATE, ADMIN}, True),
    "acknowledge": (lambda s, d: s.acknowledge(an_alert(s, d), "guest"), {OPERATE, ADMIN}, True),
    "silence": (lambda s, d: s.silence(an_alert(s, d), for_ms=1), {OPERATE, ADMIN}, True),
    "act on": (lambda s, d: s.act_on([an_alert(s, d)], Act.ACKNOWLEDGE, "guest"),
               {OPERATE, ADMIN}, True),
    "silence device": (lambda s, d: s.silences.put(f"id={d}"), {OPERATE, ADMIN}, True),
    "change rule": (lambda s, d: s.change_rule("floor-kw", "guest", FLOORS[d], raise_above="99"),
                    {OPERATE, ADMIN}, True),
    "change all": (lambda s, d: s.change_rule("household-prod", "guest", raise_above="2"),
                   {ADMIN}, False),
    "use rules": (lambda s, d: s.use_rules(["household-prod"], "guest"), {ADMIN}, False),
    "add rules": (lambda s, d: allowed(s.add_rules, OWN_RULE, "guest"), {ADMIN}, False),
    "undo for one": (lambda s, d: allowed(s.undo_rule, "floor-kw", "guest", FLOORS[d]),
                     {OPERATE, ADMIN}, True),
    "undo": (lambda s, d: allowed(s.undo_rule, "floor-kw", "guest"), {ADMIN}, False),
    "remove rule": (lambda s, d: allowed(s.remove_rule, "floor-kw", "guest"), {ADMIN}, False),
    "letter": (lambda s, d: s.dead_letter(LETTERS[d]), {READ, OPERATE, ADMIN}, True),
    "replay": (lambda s, d: s.replay_dead_letters([]), {ADMIN}, False),
    "route": (lambda s, d: s.routes.get(f"of-{d.lower()}"), {READ, OPERATE, ADMIN}, True),
    "deliveries": (lambda s, d: s.routes.deliveries(), {ADMIN}, False),
    "tell": (lambda s, d: s.routes.put("of-h017", RouteFields(), "guest"), {ADMIN}, False),
    "backups": (lambda s, d: s.backups.all(), {ADMIN}, False),
    "charger": (lambda s, d: s.projections["chargers"].check({"charger": CHARGERS[d]}),
                {READ, OPERATE, ADMIN}, True),
    "edge": (lambda s, d: s.edges.get(EDGES[d]), {READ, OPERATE, ADMIN}, True),
    "positions": (lambda s, d: s.positions("energy_readings", LATEST), {READ, OPERATE, ADMIN},
                  False),
}  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
def test_who_may_do_what_where(made: MadeUpService, verb: str) -> None:
    do, roles, of_a_device = VERBS[verb]
    for role, sites, device in product(AccessRole, ((), SITES), (OWN, FOREIGN)):
        may = role in roles and (not sites or (of_a_device and device == OWN))
        try:
            do(of(made, role, sites), device)
            done = True
        except (Forbidden, NotFound, StopIteration):  # StopIteration: it finds no such alert
            done = False
        assert done == may, (role, sites, device)


def _keep(put: list[Edit], edits: list[Edit]) -> dict[str, Any]:
    put += edits
    return {}


def test_a_catalogue_is_changed_where_one_stands(
    made: MadeUpService, monkeypatch: pytest.MonkeyPatch
) -> None:
    put: list[Edit] = []
    monkeypatch.setattr(made.catalogue, "put", lambda edits, by: _keep(put, edits))
    local, warden = of(made, OPERATE, SITES).catalogue, of(made, OPERATE).catalogue
    mine, away = Device(name="Grill", site="floor-2"), Device(name="Grill", site="elsewhere")
    sum_ = Device(name="", site="lindenhof", terms=(Term(device=FOREIGN),))
    local.put([Edit("device/H017", mine)], "guest")
    warden.put([Edit("device/H003", away)], "guest")
    refused = [
        (local, Edit("device/H017", away)),
        (local, Edit("device/H003", mine)),
        (local, Edit("device/H017", sum_)),
        (local, Edit("device/H017", None)),
        (local, Edit("site/lindenhof", Site(name="Mine"))),
        (warden, Edit("site/lindenhof", Site(name="Mine"))),
        (of(made, READ).catalogue, Edit("device/H017", mine)),
    ]
    for catalogue, edit in refused:
        with pytest.raises(Forbidden):
            catalogue.put([edit], "guest")
    with pytest.raises(Forbidden):
        local.change("device/H017", "guest", {"site": "elsewhere"})
    with pytest.raises(Forbidden):
        local.swap("H017", "H003", "guest")
    assert [edit.key for edit in put] == ["device/H017", "device/H003"]


def test_a_device_that_moves_is_out_of_sight_at_once(made: MadeUpService) -> None:
    local = of(made, READ, SITES)
    assert sorted({row.device for row in local.live.devices()}) == ["H017", "H042", "p1"]
    entries = made.catalogue.entries
    entries.see("device/H042", Device(name="", site="elsewhere"), "tests")
    try:
        assert sorted({row.device for row in local.live.devices()}) == ["H017", "p1"]
    finally:
        entries.see("device/H042", Device(name="Freezer", site="floor-2"), "tests")
    with pytest.raises(Forbidden):
        local.consumption.zone_of(["site/elsewhere"])
    with pytest.raises(Forbidden):
        local.consumption.zone_of(["group/secret"])
    assert local.consumption.zone_of([""]) == "UTC"
    assert local.consumption.zone_of(["site/floor-2"]) == "UTC"


def test_who_is_told_is_seen_without_where_it_goes(made: MadeUpService) -> None:
    everybody = RouteFields(address="https://1.1.1.1/s3cr3t", selector="")
    made.routes.put("all", everybody, "mara")
    assert made.routes.get("all").to == "https://1.1.1.1/…"
    local = of(made, READ, SITES).routes.all()
    assert [(view.id, view.how, view.to) for view in local] == [
        ("all", "webhook", ""),
        ("of-h017", "webhook", ""),
    ]
    assert [view.to for view in of(made, READ).routes.all()] == ["", "", ""]
    made.routes.remove("all", "mara")


def test_what_a_sum_waits_for_elsewhere_is_not_told(made: MadeUpService) -> None:
    sums = {"both": FOREIGN, "site/lindenhof": "H042", "site/floor-2": FOREIGN}
    for device, late in sums.items():
        until_ms = {OWN: FRONT_MS, late: FRONT_MS - BEHIND_MS}
        Summing(made.log, device, [*until_ms]).take(until_ms)
    whole, local = of(made, READ).late_sums, of(made, READ, SITES).late_sums
    assert {late.waits_for for late in whole.of()} == {FOREIGN, "H042"}
    assert [late.waits_for for late in local.of()] == ["H042"]
    assert local.of("site/lindenhof") == local.of()
    for key in ("device/both", "site/elsewhere"):
        with pytest.raises(Forbidden):
            local.of(key)
    with pytest.raises(Forbidden):
        _ = of(made, WRITE).late_sums


def test_a_list_is_kept_as_long_as_nothing_changes(made: MadeUpService) -> None:
    local = of(made, READ, SITES)
    assert local.catalogue.find().total == len(local.catalogue.entries.devices) > 0
    listeners = len(local.catalogue.entries.listeners)
    for _ in range(3):
        local.catalogue.find()
        local.catalogue.detail("H017")
    assert len(local.catalogue.entries.listeners) == listeners


HIDDEN = sorted({f'"{home}"' for home in HOMES} - {'"H017"', '"H042"'})
HIDDEN += ["elsewhere", "Elsewhere", "secret", '"both"', '"p2"', '"cellar"']
HIDDEN += [f'"charger-{n}"' for n in range(1, 25) if f"charger-{n}" != CHARGERS[OWN]]
HIDDEN += ["0.12", "0.13", "n/a"]  # of letters that name others, or nobody
QUERIES: list[dict[str, str]] = [
    {}, {"device": OWN}, {"device": FOREIGN}, {"device": ""}, {"charger": CHARGERS[OWN]},
    {"charger": CHARGERS[FOREIGN]}, {"station": "x"}, {"name": "x.toml"},
]  # fmt: skip
GIVEN = {"device": OWN, "channel": "energy_kwh", "id": "", "site": "floor-2", "group": "pumps"}


class TellingHistory:
    """Answers every question with a row of each device that may be read, in every column."""

    def query(self, name: str, **parameters: Any) -> pa.Table:
        only = parameters.get("only", "")
        seen = json.loads(only)["device"] if only else [OWN, FOREIGN]
        asked = parameters.get("device") or ""
        rows = [
            {column.name: self._value(column, device) for column in queries()[name].columns}
            for device in ([asked] if asked else [d for d in (OWN, FOREIGN) if d in seen])
        ]
        return pa.Table.from_pylist(rows)

    @staticmethod
    def _value(column: Any, device: str) -> Any:
        if column.choices:
            return column.choices[0]
        made = {"time": datetime(2025, 11, 22, tzinfo=UTC), "integer": 1, "number": 1.0}
        return made.get(column.kind, device)


def _fail(error: Exception, *_: object) -> None:
    raise error


async def test_nothing_of_other_sites_is_in_any_answer(
    made: MadeUpService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(made, "history", TellingHistory())
    monkeypatch.setattr(problems, "internal", _fail)  # else it is logged with all that is there
    tokens = Tokens(made.settings.data_dir, made.clock)
    token = tokens.create("leak", READ, SITES)
    app = build_app(made, tokens, "127.0.0.1")
    made.change_rule("floor-kw", "mara", "p2", raise_above="98")
    answered = 0
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://127.0.0.1/api/v1",
        headers={"Authorization": f"Bearer {token}"},
        trust_env=False,
    ) as client:
        gets = [row.removeprefix("GET ") for row in API if row.startswith("GET ")]
        paths = [path for path in gets if not path.endswith(("/live", "{path:path}", "json"))]
        for path in paths:
            for alert in (an_alert(made, OWN), an_alert(made, FOREIGN)) if "{id}" in path else [""]:
                named = path.replace(":path", "").format_map(_Given(id=alert))
                for query in QUERIES:
                    answer = await client.get(named, params=query)
                    assert answer.status_code < 500, f"{named}: {answer.text}"
                    answered += answer.status_code == 200
                    found = [name for name in HIDDEN if name in answer.text]
                    assert found == [], f"{named} {query}"
    assert answered >= 70


class _Given(dict[str, str]):
    def __init__(self, **given: str) -> None:
        super().__init__(GIVEN | given)

    def __missing__(self, name: str) -> str:
        return "1"


async def test_the_live_stream_tells_of_own_devices_alone(made: MadeUpService) -> None:
    local = of(made, READ, SITES)
    updates = local.live.subscribe()
    assert (await anext(updates)).kind == "ready"
    from energyguard.service.views import Update

    limited: Any = local.live
    foreign, own = (made.book.get(an_alert(made, d)) for d in (FOREIGN, OWN))
    assert limited._update(Update("alert", foreign)) is None
    assert limited._update(Update("alert", own)) is not None
    for device, offset in LETTERS.items():
        letter = Update("dead-letter", made.dead_letter(offset))
        assert (limited._update(letter) is not None) == (device == OWN)
    rows = made.live.readings(100)
    kept = limited._update(Update("readings", {"rows": rows, "per_minute": [(0, 1)]}))
    assert {row.device for row in kept.data["rows"]} <= {"H017", "H042", "p1"}
    assert kept.data["per_minute"] == []
    await updates.aclose()


def test_of_edges_stations_and_letters_one_knows_what_is_wholly_ones_own(
    made: MadeUpService,
) -> None:
    local: Any = of(made, READ, SITES)
    assert [edge.edge for edge in local.edges.all()] == ["roof"]
    with pytest.raises(NotFound):
        local.edges.get("mixed")
    stations = local.projections["chargers"]
    assert [bay.charger for bay in stations.bays()] == [CHARGERS[OWN]]
    assert [(station.bays, station.latitude is None) for station in stations.stations()] == [
        (1, False)
    ]
    assert stations.event_ms() and stations.fresh().live
    [letter] = local.dead_letters()
    assert "0.11" in letter.original
    quality = local.quality()
    assert (quality.dead_letters, quality.malformed, quality.partitions) == (1, 1, ())
    nobody: Any = of(made, READ, ("nowhere",))
    assert nobody.projections["chargers"].event_ms() is None
    assert not nobody.live.fresh().live
    assert (nobody.edges.all(), nobody.dead_letters()) == ([], [])


def test_states_are_made_of_groups_of_which_one_sees_every_home(made: MadeUpService) -> None:
    whole: Any = made.projections["regions"]
    group = next(group for group in whole._powers._groups.values() if len(group.members) > 4)
    local: Any = of(made, READ, SITES).projections["regions"]
    assert (local.view().all_shown.homes, local.homes, local.event_ms()) == (None, 0, None)
    entries, homes = made.catalogue.entries, sorted(group.members)
    for home in homes:
        entries.see(f"device/{home}", Device(name="", site="lindenhof"), "tests")
    assert (local.view().all_shown.homes, local.homes) == (len(homes), len(homes))
    entries.see(f"device/{homes[0]}", Device(name="", site="elsewhere"), "tests")
    assert (local.view().all_shown.homes, local.homes) == (None, len(homes) - 1)
    assert whole.view().all_shown.homes > len(homes)
    for home in homes:
        entries.see(f"device/{home}", None, "tests")


def test_every_question_is_asked_about_what_is_seen_alone(made: MadeUpService) -> None:
    local, past = of(made, READ, SITES), made.past
    local.query("totals", start_ms=0, end_ms=1)
    overview = local.overview()
    assert (overview.devices, overview.devices_silent) == (3, 0)
    with pytest.raises(Forbidden):
        local.query("series", device=FOREIGN, channel="", start_ms=0, end_ms=1, step_ms=60_000)
    assert past.asked[-1][0] == "totals"  # the overview's


def test_who_writes_sees_no_part_of_it(made: MadeUpService) -> None:
    writer = of(made, WRITE)
    parts = [name for name, part in vars(Service).items() if isinstance(part, property)]
    assert writer.cluster is None
    for name in set(parts) - {"settings", "clock", "cluster"}:
        with pytest.raises(Forbidden):
            getattr(writer, name)


def test_everything_is_what_is_at_ones_sites(made: MadeUpService) -> None:
    def used(keys: list[str], span: Any, *more: Any) -> list[ConsumptionSeries]:
        assert "" not in keys
        assert more[-1] == {"old"}  # what is left out of everything
        return [
            ConsumptionSeries(key, span, (ConsumptionStep(0, 1, kwh, 1),), kwh, (), None, 1, 0, 0,
                              (0,) * (kwh is None), None)
            for key, kwh in zip(keys, (1.5, 2.0), strict=False)
        ]  # fmt: skip

    whole: Any = SimpleNamespace(of=used)
    for sites, kwh in ((SITES, 1.5), (("lindenhof", "elsewhere", "floor-2"), 3.5)):
        scope = SiteScope(made.catalogue, sites)
        span: Any = "2026-11"
        [series] = LimitedConsumption(whole, scope, lambda: {"old"}).of([""], span)
        assert (series.key, series.total_kwh, series.steps[0].kwh) == ("", kwh, kwh)
        assert (series.highest, series.missing) == (0, ())
