"""What every History promises, in process and through the door."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from energyguard.errors import Malformed, NotFound
from energyguard.history import NO_SEQUENCE, History
from energyguard.history.chdb import ChdbHistory
from energyguard.history.client import CARD, HistoryClient
from energyguard.history.door import HistoryServer
from energyguard.history.rollups import RollUps
from energyguard.records.registry import TABLES
from tests.history.made import DAY, T0, alert_rows, readings

KWH = 1_000_000_000
HOUR = 3_600_000
START = datetime(2025, 9, 6, tzinfo=UTC)


def filled(folder: Path) -> ChdbHistory:
    """Two homes: H1 uses 0.01 kWh every 15 s for an hour, H2 0.02 kWh from one o'clock on."""
    history = ChdbHistory(folder)
    rows = readings([("H1", i * 15_000, KWH // 100) for i in range(240)])
    more = readings([("H2", 3_600_000 + i * 15_000, KWH // 50) for i in range(240)], first=240)
    rollups = RollUps(history)
    for table in (rows, more, rows):  # the first comes twice: a replay
        history.insert("readings", table)
        rollups.mark("readings", table)
        rollups.settle()
    a = ("a1", "H1", "firing", 600_000), ("a1", "H1", "resolved", 1_200_000)
    history.insert("alerts", alert_rows(*a, ("a2", "H2", "firing", 4_000_000)))
    history.insert("alerts", alert_rows(*a))
    window = {
        "id": "w1", "device": "H2", "window_start": T0 + 3_600_000, "window_end": T0 + 4_500_000,
        "kwh": 2_100_000_000, "rule": "kwh>2.0 over 15 minutes", "mode": "prod",
    }  # fmt: skip
    stamp = pa.timestamp("ms", "UTC")
    windows = pa.Table.from_pylist([window])
    for i in (2, 3):
        name = windows.schema.names[i]
        windows = windows.set_column(i, name, windows[name].cast(stamp))
    for _ in range(2):
        history.insert("window_alerts", windows)
    for _ in range(2):
        history.insert("late", late_rows(("H1", 60_000, "late"), ("H2", 30_000, "ahead")))
    return history


def late_rows(*rows: tuple[str, int, str]) -> pa.Table:
    """Rows of ``late``: device, ms after the first reading, verdict; each of 0.5 kWh."""
    schema = TABLES["late"].schema
    made = [
        {
            "topic": "energyguard.late", "partition": 0, "offset": i, "place": 0,
            "verdict": verdict, "device": device, "channel": "energy_kwh", "time_ms": T0 + ms,
            "value": KWH // 2, "sequence": NO_SEQUENCE,
        }
        for i, (device, ms, verdict) in enumerate(rows)
    ]  # fmt: skip
    plain = pa.Table.from_pylist(made)
    return plain.cast(pa.schema([(f.name, plain.schema.field(f.name).type) for f in schema]))


class HistoryContract:
    """Questions with answers that were worked out by hand."""

    def test_late_readings_are_the_newest_first_and_say_why(self, history: History) -> None:
        rows = history.query("late", device="", verdict="", limit=5, **DAY).to_pylist()
        assert [(row["device"], row["verdict"], row["value"]) for row in rows] == [
            ("H1", "late", 0.5), ("H2", "ahead", 0.5),
        ]  # fmt: skip
        assert rows[0]["time"] == START + timedelta(seconds=60)
        assert rows[0]["sequence"] is None
        ahead = history.query("late", device="", verdict="ahead", limit=5, **DAY)
        assert ahead["device"].to_pylist() == ["H2"]
        assert history.query("late", device="H1", verdict="ahead", limit=5, **DAY).num_rows == 0
        assert history.query("late", device="", verdict="", limit=1, **DAY).num_rows == 1

    def test_readings_are_the_newest_in_a_range_oldest_first(self, history: History) -> None:
        rows = history.query("readings", device="H1", channel="energy_kwh", limit=2, **DAY)
        assert rows.to_pylist() == [
            {
                "device": "H1",
                "channel": "energy_kwh",
                "time": START + timedelta(seconds=s),
                "value": 0.01,
                "sequence": None,
                "topic": "energy_readings",
            }
            for s in (3570, 3585)
        ]

    def test_ranges_are_half_open(self, history: History) -> None:
        rows = history.query(
            "readings", device="H1", channel="energy_kwh", limit=9,
            start_ms=T0 + 15_000, end_ms=T0 + 30_000,
        )  # fmt: skip
        assert rows["time"].to_pylist() == [START + timedelta(seconds=15)]

    def test_devices(self, history: History) -> None:
        rows = history.query("devices", device="").to_pylist()
        assert [(r["device"], r["channel"], r["topic"], r["readings"]) for r in rows] == [
            ("H1", "energy_kwh", "energy_readings", 240),
            ("H2", "energy_kwh", "energy_readings", 240),
        ]
        assert (rows[0]["first"], rows[0]["last"]) == (START, START + timedelta(seconds=3585))

    @pytest.mark.parametrize(
        ("device", "step_min", "values"),
        [("H1", 30, [1.2, 1.2]), ("", 60, [2.4, 4.8]), ("", 1440, [7.2]), ("H2", 45, [4.8])],
    )
    def test_series(
        self, history: History, device: str, step_min: int, values: list[float]
    ) -> None:
        if step_min == 45:  # steps count from 1970: 00:45 to 01:30 and 01:30 to 02:15
            values = [2.4, 2.4]
        rows = history.query(
            "series", device=device, channel="energy_kwh", step_ms=step_min * 60_000, **DAY
        )
        assert rows["value"].to_pylist() == pytest.approx(values, abs=1e-12)

    def test_window_sums_slide(self, history: History) -> None:
        rows = history.query(
            "window_sums", device="H2", start_ms=T0 + 3_600_000 - 30_000,
            end_ms=T0 + 3_600_000 + 60_000, window_ms=60_000, slide_ms=15_000,
        )  # fmt: skip
        assert rows["kwh"].to_pylist() == pytest.approx([0.04, 0.06, 0.08])
        assert rows["window_start"].to_pylist()[0] == START + timedelta(seconds=3570)
        assert rows["window_end"].to_pylist()[-1] == START + timedelta(seconds=3660)

    @pytest.mark.parametrize(("by", "first"), [("kwh", "H2"), ("alerts", "H2")])
    def test_top(self, history: History, by: str, first: str) -> None:
        rows = history.query("top", by=by, n=1, without="", **DAY).to_pylist()
        assert rows == [{"device": first, "kwh": 4.8, "alerts": 1}]

    def test_top_of_a_range_that_is_no_whole_hour(self, history: History) -> None:
        rows = history.query(
            "top", by="kwh", n=9, without="", start_ms=T0 + 7 * 60_000, end_ms=T0 + 83 * 60_000
        )
        assert rows.to_pylist() == [
            {"device": "H1", "kwh": pytest.approx(53 * 0.04), "alerts": 1},
            {"device": "H2", "kwh": pytest.approx(23 * 0.08), "alerts": 1},
        ]

    def test_heatmap(self, history: History) -> None:
        rows = history.query(
            "heatmap", zone="UTC", step_ms=3_600_000, by="kwh", n=9, without="", **DAY
        ).to_pylist()
        assert [(r["device"], r["hour"], r["kwh"], r["alerts"]) for r in rows] == [
            ("H2", 1, 4.8, 1),
            ("H1", 0, 2.4, 1),
        ]

    @pytest.mark.parametrize(
        ("zone", "step_ms", "hours"),
        [("Europe/Berlin", 3_600_000, [(3, 4.8), (2, 2.4)]), ("Asia/Kolkata", 900_000, None)],
    )
    def test_a_heatmap_has_the_hours_of_a_zone(
        self, history: History, zone: str, step_ms: int, hours: list[tuple[int, float]] | None
    ) -> None:
        rows = history.query(
            "heatmap", zone=zone, step_ms=step_ms, by="kwh", n=9, without="", **DAY
        )
        found = [(r["hour"], r["kwh"]) for r in rows.to_pylist() if r["kwh"]]
        if hours is not None:
            assert found == hours
        assert sum(kwh for _, kwh in found) == pytest.approx(7.2)
        assert len(found) == (2 if hours else 4)  # an hour there lies in two of Kolkata's

    def test_readings_per_minute(self, history: History) -> None:
        rows = history.query("readings_per_minute", **DAY)
        assert rows.num_rows == 120
        assert set(rows["readings"].to_pylist()) == {4}
        assert set(rows["devices"].to_pylist()) == {1}

    def test_alerts_over_time(self, history: History) -> None:
        rows = history.query("alerts_over_time", step_ms=3_600_000, **DAY).to_pylist()
        assert [tuple(r.values())[1:] for r in rows] == [
            ("household-prod", 1, 1, 0),
            ("household-prod", 1, 0, 0),
            ("kwh>2.0 over 15 minutes", 0, 0, 1),
        ]

    def test_alerts_are_the_newest_first(self, history: History) -> None:
        rows = history.query("alerts", limit=2, **DAY).to_pylist()
        assert [(r["id"], r["state"], r["time_ms"] - T0) for r in rows] == [
            ("a2", "firing", 4_000_000),
            ("a1", "resolved", 1_200_000),
        ]

    def test_hours_without_readings_are_missing_from_a_devices_first_on(
        self, history: History
    ) -> None:
        rows = history.query("missing", device="", start_ms=T0, end_ms=T0 + 4 * HOUR).to_pylist()
        assert [(r["device"], r["start"] - START, r["end"] - START, r["hours"]) for r in rows] == [
            ("H1", timedelta(hours=1), timedelta(hours=4), 3),
            ("H2", timedelta(hours=2), timedelta(hours=4), 2),
        ]
        later = {"start_ms": T0 + 5 * HOUR, "end_ms": T0 + 6 * HOUR}
        rows = history.query("missing", device="H2", **later).to_pylist()
        assert [(r["device"], r["hours"]) for r in rows] == [("H2", 1)]
        before = {"start_ms": T0 - 5 * HOUR, "end_ms": T0}
        assert history.query("missing", device="", **before).num_rows == 0

    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            ({}, ["a1"]),
            ({"text": "PASSED 2.0"}, ["a1"]),
            ({"text": "nothing of the kind"}, []),
            ({"text": "nothing of the kind", "named": "H9\nH1"}, ["a1"]),
            ({"devices": "H2\nH3"}, []),
            ({"devices": "H2\nH1"}, ["a1"]),
            ({"severity": "critical"}, []),
            ({"rule": "household-demo"}, []),
            ({"before_ms": T0}, []),
        ],
    )
    def test_resolved_alerts_are_searched(
        self, history: History, asked: dict[str, object], found: list[str]
    ) -> None:
        nothing = {"text": "", "named": "", "devices": "", "severity": "", "rule": ""}
        given = {**nothing, "limit": 9, "before_ms": T0 + 1, **asked}
        assert history.query("resolved_alerts", **given)["id"].to_pylist() == found

    def test_changes_of_some_alerts_are_the_oldest_first(self, history: History) -> None:
        rows = history.query("alert_changes", ids="a0\na1").to_pylist()
        assert [(r["id"], r["state"], r["observed"]) for r in rows] == [
            ("a1", "firing", 2_100_000_000),
            ("a1", "resolved", 2_100_000_000),
        ]

    def test_totals(self, history: History) -> None:
        assert history.query("totals", **DAY).to_pylist() == [
            {"kwh": pytest.approx(7.2), "readings": 480, "devices": 2, "alerts": 2}
        ]

    def test_a_question_that_there_is_not(self, history: History) -> None:
        with pytest.raises(NotFound, match="no question 'fortune'"):
            history.query("fortune")

    def test_readings_of_no_device_and_no_channel_are_those_of_all(self, history: History) -> None:
        every = {
            (row["device"], row["channel"])
            for row in history.query("devices", device="").select(["device", "channel"]).to_pylist()
        }
        rows = history.query("readings", device="", channel="", limit=100_000, **DAY)
        assert {(row["device"], row["channel"]) for row in rows.to_pylist()} == every

    @pytest.mark.parametrize(
        "given", [{}, {**DAY, "limit": "many"}, {**DAY, "limit": -1}, {**DAY, "limit": 1, "x": 1}]
    )
    def test_parameters_are_checked(self, history: History, given: dict[str, object]) -> None:
        with pytest.raises(Malformed):
            history.query("alerts", **given)

    @pytest.mark.parametrize(
        "name", ["it's", "tab\there", "line\nbreak", "back\\slash", "' OR 1=1 --", "ü☃", "{x}"]
    )
    def test_no_name_breaks_a_question(self, history: History, name: str) -> None:
        rows = history.query("readings", device=name, channel="energy_kwh", limit=2, **DAY)
        assert rows.num_rows == 0


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChdbHistory]:
    """One engine for the module: a process holds one folder at a time."""
    history = filled(tmp_path_factory.mktemp("history"))
    yield history
    history.close()


class TestChdbHistory(HistoryContract):
    @pytest.fixture
    def history(self, engine: ChdbHistory) -> History:
        return engine


class TestHistoryClient(HistoryContract):
    @pytest.fixture
    def history(self, engine: ChdbHistory, tmp_path: Path) -> Iterator[History]:
        door = HistoryServer(engine, "127.0.0.1", 0, tmp_path / CARD)
        client = HistoryClient(tmp_path)
        yield client
        client.close()
        door.close()
