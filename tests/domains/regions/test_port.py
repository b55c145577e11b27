"""System E's port, API and store over a real log: places and averages in, what may be shown out."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from energyguard.access.tokens import Tokens
from energyguard.clock import SYSTEM
from energyguard.codecs.records import pack
from energyguard.domains.regions.live.group_powers import SLOT_MS
from energyguard.domains.regions.live.regions import RegionProjection
from energyguard.domains.regions.page.port import build_port, guarded, run
from energyguard.domains.regions.places import HomePlaces
from energyguard.errors import ConfigError, NotFound
from energyguard.log import Log, Records, open_log
from energyguard.log.records import Headers
from energyguard.model.readings import BACKFILL, batch_of
from energyguard.model.topics import EDGE_READINGS
from energyguard.settings.regions import RegionsSettings
from energyguard.settings.tree import Settings
from energyguard.sinks.store_rows import rows_of
from energyguard.testing import MemoryLog
from tests.e2e.meters import free_port
from tests.waiting import until

BERLIN = [f"berlin-{n}" for n in range(5)]
HAMBURG = [f"hamburg-{n}" for n in range(4)]
T0 = 1_700_000_000_000


def settings(folder: Path, **regions: object) -> Settings:
    path = folder / "places.csv"
    path.write_text(
        "".join(f"{home},10115\n" for home in BERLIN)
        + "".join(f"{home},20095\n" for home in HAMBURG)
    )
    fields = RegionsSettings.model_validate({"places": path, **regions})
    return Settings(data_dir=folder, regions=fields)


def send(log: Log, kw: float, time_ms: int = T0, *, backfill: bool = False) -> None:
    """Averages of all homes, as the cloud's role appends them; those of Hamburg are large."""
    homes = [*BERLIN, *HAMBURG]
    values = [round(kw * 1e9)] * len(BERLIN) + [77 * 10**9] * len(HAMBURG)
    batch = batch_of(homes, ["power_kw"] * len(homes), [time_ms] * len(homes), values)
    packed = pack(batch, 8)
    header: Headers = BACKFILL if backfill else ()
    log.append(
        EDGE_READINGS.name,
        Records(
            [None] * len(packed),
            [value for _, value in packed],
            [header] * len(packed),
            (),
            [partition for partition, _ in packed],
        ),
    )


def settle(log: Log, wanted: Settings) -> None:
    answer = HomePlaces(log, wanted.regions).answer("edge", [*BERLIN, *HAMBURG], T0)
    log.append(answer.topic, answer.records)


@contextmanager
def following(log: Log, wanted: Settings) -> Iterator[RegionProjection]:
    projection = RegionProjection(log, wanted, SYSTEM)
    with closing(projection):
        projection.start()
        yield projection


def test_what_edges_send_is_shown_by_state_a_year_of_it_and_its_price(tmp_path: Path) -> None:
    log, wanted = MemoryLog(), settings(tmp_path)
    settle(log, wanted)
    with following(log, wanted) as projection:
        send(log, 0.412)
        view = until(lambda: v if (v := projection.view()).all_shown.homes else None)
        berlin = next(state for state in view.regions if state.region == "DE-BE")
        assert (berlin.homes, berlin.power_kw, berlin.year_kwh) == (5, 0.41, 3591.6)
        assert berlin.year_cost_cents == 107_748  # 0.30 EUR/kWh, exactly
        assert [state.region for state in view.regions if state.homes] == ["DE-BE"]
        assert (view.all_shown.homes, view.all_shown.power_kw) == (5, 0.41)
        assert projection.homes == 9
        assert projection.event_ms() == T0
        assert projection.fresh().live
        send(log, 9, T0 + 9 * SLOT_MS, backfill=True)  # of the past: it moves nothing
        send(log, 0.5, T0 + 2 * SLOT_MS)
        newest = until(lambda: t if (t := projection.event_ms()) != T0 else None)
        assert newest == T0 + 2 * SLOT_MS
        assert projection.view().all_shown.power_kw == 0.5
        with pytest.raises(NotFound, match="DE-BW"):
            projection.check({"region": "DE-XX"})


def test_averages_that_were_there_before_are_read_back(tmp_path: Path) -> None:
    log, wanted = MemoryLog(), settings(tmp_path)
    settle(log, wanted)
    send(log, 0.3)
    with following(log, wanted) as projection:
        until(lambda: projection.view().all_shown.homes)
        assert projection.view().all_shown.power_kw == 0.3


def test_nothing_is_shown_while_places_are_read_that_may_be_old_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, wanted = MemoryLog(), settings(tmp_path)
    settle(log, wanted)
    send(log, 0.3)
    with following(log, wanted) as projection:
        until(lambda: projection.view().all_shown.homes)
        projection._places.caught_up.clear()
        monkeypatch.setattr(projection._places.caught_up, "set", lambda: None)
        assert projection.view().all_shown.homes is None


@contextmanager
def playing(wanted: Settings) -> Iterator[str]:
    """The role, in a thread; its address."""
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(wanted, stop))
    thread.start()
    address = f"http://{wanted.regions.listen}"
    try:
        until(lambda: _answers(address))
        yield address
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health").is_success
    except httpx.TransportError:
        return False


def test_the_port_answers_as_system_e_did(tmp_path: Path) -> None:
    wanted = settings(tmp_path, listen=f"127.0.0.1:{free_port()}")
    with closing(open_log(wanted.log_url)) as log:
        settle(log, wanted)
        send(log, 0.4)
        with playing(wanted) as address:
            assert httpx.get(f"{address}/api/data").status_code == 401
            token = Tokens(tmp_path).create("reader")
            bearer = {"Authorization": f"Bearer {token}"}
            found = until(lambda: httpx.get(f"{address}/api/data", headers=bearer).json())
            assert found == [
                {"key": "DE-BE", "cityName": "Berlin", "powerAverage": 400_000, "cost": 1051.2}
            ]
            page = httpx.get(address, headers=bearer)
            assert "Berlin" in page.text and "Hamburg" not in page.text
            assert "3,504\u00a0kWh" in page.text and "€1,051" in page.text
            elsewhere = httpx.get(f"{address}/api/data", headers=bearer | {"Host": "evil.test"})
            assert elsewhere.status_code == 403


async def test_without_a_log_in_everybody_reads_large_groups_and_nobody_small_ones(
    tmp_path: Path,
) -> None:
    log = MemoryLog()
    wanted = settings(tmp_path, auth=False)
    app = build_port(RegionProjection(log, wanted, SYSTEM))
    tokens = Tokens(tmp_path)
    open_port = guarded(app, wanted.regions, tokens, "0.0.0.0")
    transport = httpx.ASGITransport(open_port)
    async with httpx.AsyncClient(transport=transport, base_url="http://203.0.113.7") as http:
        assert (await http.get("/api/data")).json() == []
        assert (await http.get("/")).is_success
        assert (await http.get("/docs")).status_code == 401
    small = RegionsSettings(auth=False, min_homes=4)
    with pytest.raises(ConfigError, match="min_homes of 5"):
        guarded(app, small, tokens, "0.0.0.0")
    guarded(app, small, tokens, "127.0.0.1")


def test_the_store_has_the_newest_average_of_a_home_under_its_own_key(tmp_path: Path) -> None:
    log = MemoryLog()
    send(log, 0.412)
    parts = log.read(dict.fromkeys(log.positions(EDGE_READINGS.name, "@latest"), 0), 100, 0)
    rows = [row for part in parts for row in rows_of(part).rows]
    (berlin,) = [row for row in rows if row.series.startswith("berlin-0")]
    assert berlin.series == "berlin-0:power_kw"
    assert berlin.value is not None
    assert b'"value":0.412' in berlin.value
