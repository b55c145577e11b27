"""``backtest``: what a rule would have raised and found, as tables, JSON and a page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from energyguard.log import Records, open_log
from energyguard.model.catalogue import Device
from energyguard.model.topics import CATALOGUE
from energyguard.records.catalogue import CATALOGUE_ENTRY, CatalogueHistory, CatalogueVersion
from tests.cli.conftest import Terminal
from tests.history.made import readings as made_readings
from tests.history.made import served

RULE = """[[rule]]
id = "{id}"
channels = ["energy_kwh"]
window = "1 hour"
slide = "15 minutes"
raise_above = "{level}"
"""


@pytest.fixture
def readings(tmp_path: Path) -> Path:
    """Two days of two homes: H1 uses a lot on the second day from 06:00 to 09:00."""
    lines = ["timestamp,household_id,energy_kwh"]
    for slot in range(192):
        day, quarter = divmod(slot, 96)
        at = f"2026-03-0{2 + day}T{quarter // 4:02}:{quarter % 4 * 15:02}:00Z"
        busy = day == 1 and 24 <= quarter < 36
        lines += [f"{at},H1,{0.9 if busy else 0.1}", f"{at},H2,{0.2 if quarter else 0.6}"]
    path = tmp_path / "readings.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "labels.csv"
    path.write_text(
        "device,start,end,kind\n"
        "H1,2026-03-03T06:00Z,2026-03-03T09:00Z,oven\n"
        "H2,2026-03-03T12:00Z,2026-03-03T13:00Z,leak\n"
    )
    return path


def rule(folder: Path, name: str, level: str) -> Path:
    path = folder / f"{name}.toml"
    path.write_text(RULE.format(id=name, level=level))
    return path


def test_two_rules_side_by_side(
    terminal: Terminal, readings: Path, labels: Path, tmp_path: Path
) -> None:
    high, low = rule(tmp_path, "high", "2.0"), rule(tmp_path, "low", "0.9")
    found = terminal(
        "backtest", "--json", readings, "--rule", high, "--against", low, "--labels", labels
    ).json
    assert found["devices"] == 2
    assert found["device_weeks"] == pytest.approx(2 * 191 / 4 / 168)
    of_high, of_low = (row for row in found["figures"] if row["counted"] == "alerts")
    assert (of_high["alerts"], of_high["caught"], of_high["missed"]) == (1, 1, 1)
    assert (of_high["precision"], of_high["recall"]) == (1.0, 0.5)
    assert of_low["alerts"] > 1 and of_low["precision"] < 1
    oven, leak = found["events"]
    assert 0 < oven["high after_min"] <= 120 and leak["high after_min"] is None
    assert {a["device"] for a in found["alerts"] if a["rule"] == "high"} == {"H1"}


def test_a_rule_about_some_devices_goes_by_the_file_of_the_catalogue(
    terminal: Terminal, readings: Path, tmp_path: Path
) -> None:
    path, entries = rule(tmp_path, "some", "0.5"), tmp_path / "devices.csv"
    path.write_text(path.read_text() + 'selector = "label.floor=2"\n')
    entries.write_text("id,name,label.floor\nH1,One,1\nH2,Two,2\n")
    command = ("backtest", "--json", readings, "--rule", path)
    found = terminal(*command, "--catalogue", entries).json
    assert found["devices"] == 1
    assert {alert["device"] for alert in found["alerts"]} == {"H2"}
    alone = terminal(*command)
    assert alone.code == 2 and "by --catalogue FILE" in alone.err


def test_tables_and_a_page_that_loads_nothing(
    terminal: Terminal, readings: Path, labels: Path, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    done = terminal(
        "backtest", readings, "--rule", rule(tmp_path, "high", "2.0"), "--labels", labels,
        "--html", page, "--zone", "Europe/Berlin",
    )  # fmt: skip
    assert done.code == 0
    assert done.out.startswith("2 devices, 0.6 device-weeks\n")
    assert "oven" in done.out
    text = page.read_text()
    assert "http" not in text and "<script" not in text and "src=" not in text
    assert "oven, caught: 2026-03-03 07:00 to 2026-03-03 10:00" in text
    assert "leak, missed: " in text and 'class="rule0"' in text and "<polygon" in text


def test_without_labels_alerts_are_counted(terminal: Terminal, readings: Path) -> None:
    (row, _) = terminal("backtest", "--json", readings, "--rule", "household-prod").json["figures"]
    assert row.keys() == {"rule", "counted", "alerts", "a_device_week"}


def test_what_is_unusual_is_tried_like_a_rule(terminal: Terminal, readings: Path) -> None:
    found = terminal("backtest", "--json", readings, "--rule", "unusual:0.5").json
    assert found["rules"] == [{"rule": "unusual:0.5", "text": "0.5 alerts per device and week"}]
    assert found["learned_days"] == 14
    assert found["device_weeks"] == 0.0


@pytest.mark.parametrize(
    ("words", "code", "fault"),
    [
        (("--rule", "nothing"), 4, "no rule 'nothing'"),
        (("--rule", "unusual:no"), 2, "unusual:no: a number of alerts per device and week"),
        (("--zone", "Mars"), 2, "no time zone such as"),
        (("--history",), 2, "name files of readings, or ask for --history"),
    ],
)
def test_what_cannot_be_tried_is_an_error(
    words: tuple[str, ...], code: int, fault: str, terminal: Terminal, readings: Path
) -> None:
    done = terminal("backtest", readings, *words)
    assert done.code == code
    assert fault in done.err


def test_labels_of_unknown_devices_are_an_error(
    terminal: Terminal, readings: Path, tmp_path: Path
) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("device,start,end,kind\nH9,2026-03-02T00:00Z,2026-03-02T01:00Z,x\n")
    done = terminal("backtest", readings, "--labels", path)
    assert done.code == 3
    assert f"{path}:2: no readings of 'H9'" in done.err


def test_a_file_of_two_rules_is_an_error(
    terminal: Terminal, readings: Path, tmp_path: Path
) -> None:
    both = tmp_path / "both.toml"
    both.write_text(RULE.format(id="a", level="1") + RULE.format(id="b", level="2"))
    done = terminal("backtest", readings, "--rule", both)
    assert done.code == 2
    assert "2 rules (a, b)" in done.err


@pytest.fixture
def _history(data_dir: Path) -> Iterator[None]:
    """A day of two meters, of which one is called an oven; each uses much in one hour."""
    data_dir.mkdir()
    version = CatalogueVersion(revision=1, entry=Device(name="Oven", labels={"use": "oven"}))
    log = open_log(f"sqlite:///{data_dir / 'log.db'}")
    log.append(
        CATALOGUE.name,
        Records([b"device/m1"], [CATALOGUE_ENTRY.encode(CatalogueHistory(versions=(version,)))]),
    )
    log.close()
    table = made_readings(
        (device, quarter * 900_000, 900_000_000 if quarter // 4 == hour else 100_000_000)
        for device, hour in (("m1", 6), ("m2", 12))
        for quarter in range(96)
    )
    with served(data_dir, table):
        yield


@pytest.mark.usefixtures("_history")
@pytest.mark.parametrize(
    ("selector", "devices"), [("", {"m1", "m2"}), ('selector = "label.use=oven"', {"m1"})]
)
def test_the_history_has_the_readings_of_the_devices_that_a_rule_is_about(
    selector: str, devices: set[str], terminal: Terminal, tmp_path: Path
) -> None:
    path = tmp_path / "rule.toml"
    path.write_text(RULE.format(id="high", level="2.0") + selector + "\n")
    done = terminal("backtest", "--json", "--history", "--rule", path)
    assert done.err == ""
    found = done.json
    assert {alert["device"] for alert in found["alerts"]} == devices
    assert found["devices"] == len(devices)
