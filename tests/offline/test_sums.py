"""Rules about sums, held against files: the alerts are those of the stream."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from energyguard.catalogue import Catalogue
from energyguard.errors import ConfigError
from energyguard.model.alerts import State
from energyguard.model.catalogue import Device, Entry, Site, SumPeriod, Term
from energyguard.model.quantities import NANO
from energyguard.offline.evaluate import evaluate
from energyguard.records.alerts import AlertEvent
from energyguard.rules.sums import term_rules
from energyguard.rules.toml import parse_rules
from energyguard.rules.windowed import WindowBasis
from tests.stream.test_sums import RULE, Rows, partitioned, readings, summed, told
from tests.stream.windows.test_windows import START
from tests.thorough import THOROUGH

LIMITS = {"channels": ("energy_kwh",), "raise_above": 15 * 10**7, "clear_at": 11 * 10**7}
ENTRIES: dict[str, Entry] = {
    "site/home": Site(name="Home"),
    "site/flat": Site(name="Flat", parent="home"),
    "device/H000": Device(name="", site="home"),
    "device/H001": Device(name="", site="flat"),
    "device/H002": Device(name=""),
    "device/house": Device(
        name="House",
        site="home",
        terms=(Term(device="H000"), Term(device="H001"), Term(device="H002", minus=True)),
    ),
}
SUMS = {"house": {"H000": 1, "H001": 1, "H002": -1}, "site/home": {"H000": 1, "H001": 1}}


def catalogue() -> Catalogue:
    found = Catalogue()
    for key, entry in ENTRIES.items():
        found.see(key, entry, "test")
    return found


def intervals(seed: int) -> Rows:
    """Three devices that send energies; one of them falls silent for a while."""
    return [
        (device, "energy_kwh", time, value if channel == "energy_kwh" else value % 6 * 10**7)
        for device, channel, time, value in readings(seed, 200)
    ]


def file_of(folder: Path, rows: Rows) -> Path:
    lines = [
        f"{datetime.fromtimestamp(time / 1000, UTC):%Y-%m-%dT%H:%M:%SZ},{device},{value / NANO}"
        for device, _, time, value in rows
    ]
    path = folder / "readings.csv"
    path.write_text("\n".join(["timestamp,household_id,energy_kwh", *lines]) + "\n")
    return path


def told_of(event: AlertEvent) -> tuple[object, ...]:
    return event.device, event.state, event.time_ms, event.observed, event.peak, event.about


@pytest.mark.each_value
@pytest.mark.parametrize("basis", WindowBasis)
@pytest.mark.parametrize("name", SUMS)
def test_a_file_gives_the_alerts_of_the_stream(
    name: str, basis: WindowBasis, tmp_path: Path
) -> None:
    """However the log's partitions are read."""
    rule = RULE.changed({"basis": basis}, {}).with_fields(selector=f"id={name}", **LIMITS)
    rows, out = intervals(2), io.BytesIO()
    evaluate(rule, [file_of(tmp_path, rows)], out, catalogue=catalogue())
    last_ms = max(time for _, _, time, _ in rows)
    events = [msgspec.json.decode(line, type=AlertEvent) for line in out.getvalue().splitlines()]
    mine = [event for event in events if event.device == name]
    found = [told_of(event) for event in mine if event.time_ms < last_ms]
    rules = [rule, *term_rules([rule], lambda _: [SumPeriod(0, SUMS[name])])]
    for many in (1, 3, 8) if THOROUGH else (3,):
        parts = [told(part, rules, {50, 120}, START + 10**7) for part in partitioned(rows, many)]
        there = summed(parts, rules, many)
        assert [told_of(event) for event in there if event.time_ms < last_ms] == found
    assert found or basis is not WindowBasis.ESTIMATE


def test_a_site_without_a_catalogue_is_refused(tmp_path: Path) -> None:
    rule = RULE.with_fields(selector="id=site/home", **LIMITS)
    with pytest.raises(ConfigError, match="site/home has no devices: say what is there"):
        evaluate(rule, [file_of(tmp_path, intervals(1))], io.BytesIO())


@pytest.mark.parametrize(
    ("selector", "devices"),
    [("site=home", {"H000"}), ("site=home id=H*1", set()), ("site=flat", set())],
)
def test_a_rule_about_devices_of_a_site_is_held_against_those_alone(
    selector: str, devices: set[str], tmp_path: Path
) -> None:
    rule, out = RULE.with_fields(selector=selector, **LIMITS), io.BytesIO()
    files = [file_of(tmp_path, intervals(2))]
    evaluate(rule, files, out, episodes=True, catalogue=catalogue())
    events = [msgspec.json.decode(line, type=AlertEvent) for line in out.getvalue().splitlines()]
    assert {event.device for event in events if event.rule == rule.id} == devices
    with pytest.raises(ConfigError, match="say what is there by --catalogue FILE"):
        evaluate(rule, files, out, catalogue=Catalogue())


def test_a_main_meter_that_differs_from_its_parts_is_told_as_the_docs_say(tmp_path: Path) -> None:
    """Quarters of an hour: for five hours main has more than its parts, for four less."""
    text = (Path(__file__).parents[2] / "docs" / "rules.md").read_text()
    start = text.index('[[rule]]\nid = "rest-high"')
    rules = parse_rules(text[start : text.index("```", start)])
    parts = Catalogue()
    terms = (
        Term(device="main"), Term(device="flat", minus=True), Term(device="pump", minus=True)
    )  # fmt: skip
    parts.see("device/rest", Device(name="Rest", terms=terms), "test")
    rows: Rows = []
    for n in range(96):
        more = 0.3 if 20 <= n < 40 else -0.1 if 60 <= n < 76 else 0.0
        for device, kwh in (("main", 1.0 + more), ("flat", 0.6), ("pump", 0.4)):
            rows.append((device, "energy_kwh", START + n * 900_000, round(kwh * NANO)))
    told_by = {}
    for rule in rules:
        out = io.BytesIO()
        evaluate(rule, [file_of(tmp_path, rows)], out, catalogue=parts)
        events = [
            msgspec.json.decode(line, type=AlertEvent) for line in out.getvalue().splitlines()
        ]
        assert {event.device for event in events} == {"rest"}
        told_by[rule.id] = [
            (event.state.value, (event.time_ms - START) / 3_600_000)
            for event in events
            if event.state is not State.PENDING
        ]
    assert told_by == {
        "rest-high": [("firing", 7.5), ("resolved", 10.75)],
        "rest-low": [("firing", 17.5), ("resolved", 19.75)],
    }
