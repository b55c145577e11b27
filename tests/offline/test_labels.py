"""A file of labels: read in order, and every fault of it with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from energyguard.errors import Faulty
from energyguard.offline.labels import check_devices, read_labels


def file_of(folder: Path, *lines: str, head: str = "device,start,end,kind") -> Path:
    path = folder / "labels.csv"
    path.write_text("\n".join([head, *lines]) + "\n")
    return path


def test_events_are_in_order_whatever_the_order_of_columns_and_lines(tmp_path: Path) -> None:
    path = file_of(
        tmp_path,
        "leak,2026-03-03T00:00Z,b,2026-03-02T00:00Z",
        ",2026-03-02T01:00+01:00,a,2026-03-02T00:00+01:00",
        head="kind,end,device,start",
    )
    first, second = read_labels(path)
    assert (first.device, first.start_ms, first.end_ms, first.kind) == (
        "a", 1_772_406_000_000, 1_772_409_600_000, "event",
    )  # fmt: skip
    assert (second.device, second.kind, second.line) == ("b", "leak", 2)


def test_a_time_without_an_offset_is_one_of_the_zone(tmp_path: Path) -> None:
    path = file_of(tmp_path, "a,2026-07-02 01:00,2026-07-02 02:00,surge")
    (event,) = read_labels(path, "Europe/Berlin")
    assert event.start_ms == 1_782_946_800_000  # 23:00 UTC


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("a,2026-03-02T00:00Z,2026-03-01T00:00Z,x", "2: end 2026-03-01T00:00Z is not after start"),
        ("a,2026-03-02T00:00,2026-03-03T00:00Z,x", "2: start 2026-03-02T00:00 has no offset: say"),
        ("a,soon,2026-03-03T00:00Z,x", "2: start 'soon' is no time such as"),
        (",2026-03-02T00:00Z,2026-03-03T00:00Z,x", "2: no device"),
        ("a,2026-03-02T00:00Z", "2: end '' is no time"),
    ],
)
def test_a_fault_is_named_with_its_line(line: str, fault: str, tmp_path: Path) -> None:
    path = file_of(tmp_path, line)
    with pytest.raises(Faulty, match=r"labels\.csv:") as caught:
        read_labels(path)
    (found,) = caught.value.faults
    assert found.removeprefix(f"{path}:").startswith(fault)


def test_a_time_that_the_clock_leaps_over_is_a_fault(tmp_path: Path) -> None:
    path = file_of(tmp_path, "a,2026-03-29 02:30,2026-03-29 04:00,x")
    with pytest.raises(Faulty, match="2: start 2026-03-29 02:30 is no time of Europe/Berlin"):
        read_labels(path, "Europe/Berlin")


def test_events_of_a_device_must_not_overlap_and_all_faults_are_told(tmp_path: Path) -> None:
    path = file_of(
        tmp_path,
        "a,2026-03-02T00:00Z,2026-03-03T00:00Z,x",
        "b,2026-03-02T12:00Z,2026-03-03T00:00Z,x",
        "a,2026-03-02T12:00Z,2026-03-04T00:00Z,y",
        "a,never,2026-03-04T00:00Z,y",
    )
    with pytest.raises(Faulty) as caught:
        read_labels(path)
    assert [fault.removeprefix(f"{path}:") for fault in caught.value.faults] == [
        "5: start 'never' is no time such as 2026-03-02T06:15:00Z",
        "4: overlaps the event of a in line 2",
    ]


def test_events_end_to_end_do_not_overlap(tmp_path: Path) -> None:
    path = file_of(
        tmp_path,
        "a,2026-03-02T00:00Z,2026-03-03T00:00Z,x",
        "a,2026-03-03T00:00Z,2026-03-04T00:00Z,y",
    )
    assert len(read_labels(path)) == 2


def test_a_column_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(Faulty, match=":1: no column kind; wanted: device,start,end,kind"):
        read_labels(file_of(tmp_path, head="device,start,end"))


def test_a_device_without_readings_is_named_with_those_near(tmp_path: Path) -> None:
    path = file_of(tmp_path, "H01,2026-03-02T00:00Z,2026-03-03T00:00Z,x")
    with pytest.raises(Faulty, match=":2: no readings of 'H01'; near: H001"):
        check_devices(path, read_labels(path), {"H001", "p1"})
