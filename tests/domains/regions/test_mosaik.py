"""System E's world end to end, and its simulators in other worlds."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import mosaik
import mosaik_api_v3
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from energyguard.codecs.files import read_blocks
from energyguard.codecs.records import read_records
from energyguard.domains.regions.mosaik.world import CoSimulation, simulate
from energyguard.domains.regions.simulator.recordings import read_recording
from energyguard.domains.regions.topics import POWER
from energyguard.errors import ConfigError, Conflict, NotFound, Rejected
from energyguard.log import open_log
from energyguard.model.topics import partition_for
from tests.domains.conftest import records
from tests.domains.regions.files import REAL, cut, homes, write

HERE = "energyguard.domains.regions.mosaik"
HOUR = (17 * 3600, 18 * 3600)


def messages(url: str) -> list[dict[str, Any]]:
    """What lies in the topic, each message under its home's key, in its home's partition."""
    with closing(open_log(url)) as log:
        found = records(log, POWER.name)
    rows = [json.loads(value or b"") for _, value, _ in found]
    assert [key for key, *_ in found] == [row["node_id"].encode() for row in rows]
    return rows


def by_node(rows: list[dict[str, Any]]) -> dict[str, list[tuple[int, int, int]]]:
    found: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for row in rows:
        found[row["node_id"]].append((row["timestamp"], row["power_value"], row["energy"]))
    return found


def register_kwh(batch: pa.RecordBatch) -> int:
    """By how much a register rose, 1e-9 kWh."""
    value = batch.filter(pc.equal(batch.column("channel"), "energy_register_kwh")).column("value")
    return int(pc.max(value).as_py() - pc.min(value).as_py())


@pytest.mark.parametrize("step_s", [2, 7, 60, 900])
def test_three_homes_are_in_the_log_row_for_row(tmp_path: Path, log_url: str, step_s: int) -> None:
    cuts = [cut(home, *HOUR) for home in homes()]
    paths = [
        write(tmp_path, cuts[0], titled=False, millis=True),
        write(tmp_path, cuts[1], packed=True),
        write(tmp_path, cut(homes()[2], HOUR[0], HOUR[0] + 1500)),  # a shorter file
    ]
    found = simulate(CoSimulation(files=paths, log=log_url, step_s=step_s))
    sent = by_node(messages(log_url))
    for path in paths:
        home = read_recording(path)
        rows = zip(home.time_ms, home.power_mw, home.energy, strict=True)
        assert sent[home.node] == [tuple(map(int, row)) for row in rows]
    assert found.messages == sum(map(len, sent.values())) == 1800 + 1800 + 750
    assert [row["readings"] for row in found.homes] == [1800, 1800, 750]
    assert found.broken == []
    assert (found.start_ms, found.end_ms - 1) == (
        min(int(home.time_ms[0]) for home in cuts) // 1000 * 1000,
        max(int(home.time_ms[-1]) for home in cuts[:2]),
    )


def test_messages_stand_in_the_order_of_time_in_each_partition(
    tmp_path: Path, log_url: str
) -> None:
    first, *others = (cut(home, *HOUR) for home in homes())
    home = partition_for(first.node.encode(), POWER.partitions)
    names = (f"household_{n}" for n in range(1_000))
    beside = next(n for n in names if partition_for(n.encode(), POWER.partitions) == home)
    both = [first, replace(others[0], node=beside)]
    simulate(CoSimulation(files=[write(tmp_path, each) for each in both], log=log_url))
    times = [row["timestamp"] for row in messages(log_url)]
    assert len(times) == 3600
    assert times == sorted(times)


def test_a_day_s_energy_is_that_of_the_file(tmp_path: Path, log_url: str) -> None:
    path = write(tmp_path, homes()[1])
    simulate(CoSimulation(files=[path], log=log_url))
    found = read_records([json.dumps(row).encode() for row in messages(log_url)]).readings
    (whole,) = [decoded.batch for _, decoded in read_blocks(path)]
    difference = int(homes()[1].energy[-1] - homes()[1].energy[0])
    assert abs(register_kwh(found) * 10 - difference) <= 10  # 1e-9 kWh, half to even
    assert register_kwh(found) == register_kwh(whole)
    assert found.num_rows == whole.num_rows


@pytest.mark.skipif(not REAL.exists(), reason="the real measurements are not beside the checkout")
def test_the_day_of_six_real_homes_is_that_of_their_files(log_url: str) -> None:
    paths = sorted(REAL.glob("*.csv.gz"))
    found = simulate(CoSimulation(files=paths, log=log_url))
    assert found.broken == []
    sent = by_node(messages(log_url))
    for path in paths:
        home = read_recording(path)
        assert len(sent[home.node]) == len(home.time_ms)
        rose = sent[home.node][-1][2] - sent[home.node][0][2]
        assert rose == int(home.energy[-1] - home.energy[0])


def test_a_span_is_half_open(tmp_path: Path, log_url: str) -> None:
    path = write(tmp_path, homes()[0])
    day_ms = int(homes()[0].time_ms[0]) // 86_400_000 * 86_400_000
    start_ms, end_ms = day_ms + HOUR[0] * 1000 + 500, day_ms + HOUR[0] * 1000 + 1_000_500
    found = simulate(CoSimulation(files=[path], log=log_url, start_ms=start_ms, end_ms=end_ms))
    expected = [at for at in homes()[0].time_ms.tolist() if start_ms <= at < end_ms]
    assert [row["timestamp"] for row in messages(log_url)] == expected
    assert found.messages == len(expected) == 500  # which ends within a step


def test_seconds_after_the_start_are_an_end(tmp_path: Path, log_url: str) -> None:
    path = write(tmp_path, homes()[0])
    found = simulate(CoSimulation(files=[path], log=log_url, for_s=30))
    assert (found.messages, found.end_ms - found.start_ms) == (15, 30_000)


def test_a_broken_line_is_told_and_the_rest_goes_on(tmp_path: Path, log_url: str) -> None:
    path = write(tmp_path, cut(homes()[0], 0, 60))
    lines = path.read_text().splitlines()
    lines[5] = lines[5].replace(",", ";")
    lines.insert(9, "2019-12-24 00:00:13,1577145613000,much,1,1,1,1")
    path.write_text("\n".join([*lines, "2019-12-24 00:01:0"]))
    other = write(tmp_path, cut(homes()[1], 0, 60))
    (foreign := tmp_path / "x.csv").write_text("timestamp,household_id,energy_kwh\n")
    (empty := tmp_path / "y.csv").write_text("")
    found = simulate(CoSimulation(files=[path, other, foreign, empty], log=log_url))
    assert [(line.file, line.line) for line in found.broken] == [
        (str(path), 6),
        (str(path), 10),
        (str(path), 34),
        (str(foreign), 1),
        (str(empty), 1),
    ]
    assert "energy is not a whole number: 'much'" in found.broken[1].reason
    assert [row["readings"] for row in found.homes] == [29, 30]


def test_what_cannot_be_simulated_is_said(tmp_path: Path, log_url: str) -> None:
    path = write(tmp_path, cut(homes()[0], 0, 60))
    with pytest.raises(NotFound, match=r"nowhere\.csv"):
        simulate(CoSimulation(files=[tmp_path / "nowhere.csv"], log=log_url))
    with pytest.raises(ConfigError, match="would end 86,400 s before it begins"):
        start_ms = int(homes()[0].time_ms[0]) // 1000 * 1000
        end_ms = start_ms - 86_400_000
        simulate(CoSimulation(files=[path], log=log_url, start_ms=start_ms, end_ms=end_ms))
    with pytest.raises(Rejected, match="no file has a reading in the span"):
        simulate(CoSimulation(files=[path], log=log_url, start_ms=start_ms - 5_000, for_s=2))
    with pytest.raises(ConfigError, match=r"are both the home household_001"):
        twice = write(tmp_path, cut(homes()[0], 0, 60), packed=True)
        simulate(CoSimulation(files=[path, twice], log=log_url))
    with pytest.raises(ConfigError, match="no backend 'redis'"):
        simulate(CoSimulation(files=[path], log="redis://x"))
    (bad := tmp_path / "bad.csv").write_text("household\n")
    with pytest.raises(Rejected, match="nothing of the file was taken"):
        simulate(CoSimulation(files=[bad], log=log_url))


def test_without_mosaik_the_install_line_is_said(
    tmp_path: Path, log_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mosaik", None)
    with pytest.raises(ConfigError, match=r'pip install "energyguard\[mosaik\]"'):
        simulate(CoSimulation(files=[write(tmp_path, homes()[0])], log=log_url))


class Probe(mosaik_api_v3.Simulator):
    """Somebody else's simulator: a wind turbine, and what it sees of others."""

    seen: list[tuple[int, Any]]

    def __init__(self) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            {
                "type": "time-based",
                "models": {"Turbine": {"public": True, "params": [], "attrs": ["power", "energy"]}},
            }
        )
        Probe.seen = []

    def create(self, num: int, model: str) -> list[Any]:  # type: ignore[override]
        return [{"eid": "turbine", "type": model}]

    def step(self, time: int, inputs: Any, max_advance: int) -> int:
        Probe.seen += [
            (time, value) for attrs in inputs.values() for value in attrs["power"].values()
        ]
        self._time = time
        return time + 10

    def get_data(self, outputs: Any) -> Any:
        return {"turbine": {"power": -0.1 - self._time, "energy": None}}


def world(**more: str) -> mosaik.World:
    simulators: dict[str, Any] = {
        "Meters": {"python": f"{HERE}.meters:HouseholdMeters"},
        "PowerTopic": {"python": f"{HERE}.adapter:PowerTopic"},
        "Probe": {"python": f"{__name__}:Probe"},
    }
    return mosaik.World(simulators, skip_greetings=True, configure_logging=False)


def test_other_simulators_see_a_household_s_power(tmp_path: Path) -> None:
    home = cut(homes()[1], *HOUR)
    with world() as other:
        meters = other.start("Meters", start="2019-12-24 16:59:40", step_size=10)
        household = meters.Household(file=str(write(tmp_path, home)))
        other.connect(household, other.start("Probe").Turbine(), "power")
        other.run(until=60, print_progress=False)
    powers = home.power_mw.tolist()
    assert Probe.seen == [
        (0, None),
        (10, None),
        (20, powers[4]),
        (30, powers[9]),
        (40, powers[14]),
        (50, powers[19]),
    ]


def test_what_another_simulator_gives_goes_to_the_topic(log_url: str) -> None:
    with world() as other:
        turbine = other.start("Probe").Turbine()
        adapter = other.start("PowerTopic", log=log_url, start=1_577_145_600_000, step_size=10)
        other.connect(turbine, adapter.Topic(), "power", "energy")
        other.run(until=30, print_progress=False)
    assert messages(log_url) == [
        {"node_id": "turbine", "power_value": -0.1 - at, "timestamp": 1_577_145_600_000 + at * 1000}
        for at in (0, 10, 20)
    ]


def test_a_power_needs_a_time(log_url: str) -> None:
    with world() as other:
        turbine = other.start("Probe").Turbine()
        adapter = other.start("PowerTopic", log=log_url, step_size=10)
        other.connect(turbine, adapter.Topic(), "power")
        with pytest.raises(ConfigError, match="give the simulator a `start`"):
            other.run(until=30, print_progress=False)


def test_who_steps_more_often_takes_nothing_twice(tmp_path: Path, log_url: str) -> None:
    home = cut(homes()[0], *HOUR)
    with world() as other:
        meters = other.start("Meters", step_size=60)
        household = meters.Household(file=str(write(tmp_path, home)))
        adapter = other.start("PowerTopic", log=log_url, step_size=7)
        other.connect(household, adapter.Topic(), "readings")
        other.run(until=3600, print_progress=False)
    assert [row["timestamp"] for row in messages(log_url)] == home.time_ms.tolist()


def test_a_household_comes_once(tmp_path: Path) -> None:
    path = write(tmp_path, cut(homes()[0], 0, 60))
    with world() as other:
        meters = other.start("Meters")
        meters.Household(file=str(path))
        with pytest.raises(Conflict, match="there is a household household_001 already"):
            meters.Household(file=str(path))
        with pytest.raises(Conflict, match="a file is one home"):
            meters.Household.create(2, file=str(path))
        with pytest.raises(ConfigError, match="step_size 0"):
            other.start("Meters", step_size=0)
        with pytest.raises(ConfigError, match="'noon': no time such as"):
            meters.set_span("noon")
        with pytest.raises(ConfigError, match="12: no time such as"):
            meters.set_span(12)  # seconds, as an end may be of a config: no ms since 1970
