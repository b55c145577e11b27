"""What a body comes to: whose it is, how much of it is kept, what is taken again."""

from __future__ import annotations

from pathlib import Path

import pytest

from energyguard.codecs.dialect import Dialect
from energyguard.codecs.headers import VALUES, layout_of
from energyguard.codecs.records import read_records
from energyguard.codecs.refusals import MAX_REFUSED
from energyguard.errors import Conflict, Malformed
from energyguard.intake.gateway import LETTERS_AT_ONCE
from energyguard.log import EARLIEST, TopicPartition
from energyguard.model.topics import DEAD_LETTERS
from energyguard.service.service import EnergyService
from energyguard.testing import MemoryLog
from tests.codecs.tele import tele
from tests.waiting import until

__all__ = ["tele"]

CASES = Path(__file__).parents[1] / "cases" / "meters"
TIME = b"2026-03-02T10:00:00Z"


def test_an_answer_tells_what_refused_values_are_called(service: EnergyService) -> None:
    receipt = service.take_readings(b"timestamp,device,energy_wh\n%b,a,5012000\n" % TIME)
    assert receipt.hint == "what a meter's register shows is energy_register_wh"


def letters(service: EnergyService) -> int:
    return len(service.dead_letters(limit=10_000))


def devices(log: MemoryLog) -> set[str]:
    values: list[bytes | None] = []
    for at in log.positions("meter_readings", EARLIEST):
        for fetched in log.read({at: 0}, 1_000, wait=0.0):
            values += fetched.values
    return set(read_records(values).readings.column("device").to_pylist())


def test_a_shape_without_a_device_needs_one(log: MemoryLog, service: EnergyService) -> None:
    bodies = {home: (CASES / f"case21_household_{home}.csv").read_bytes() for home in "ab"}
    with pytest.raises(Malformed, match="device=NAME"):
        service.take_readings(bodies["a"])
    with pytest.raises(Malformed, match="device=NAME"):
        service.take_readings(b"timestamp,power_w\n%b,45\n" % TIME)
    for home, body in bodies.items():
        assert service.take_readings(body, device=home).accepted == 4
    assert devices(log) == {"a", "b"}


def test_the_rest_of_a_body_of_garbage_is_one_letter(
    log: MemoryLog, service: EnergyService
) -> None:
    receipt = service.take_readings(b"x,\n" * 5_000)
    assert (receipt.malformed, receipt.refused_more) == (5_000, 4_000)
    assert letters(service) == MAX_REFUSED + 1
    newest = service.dead_letters(limit=1)[0]
    assert "4000 more rows" in newest.reason
    assert LETTERS_AT_ONCE < MAX_REFUSED


def test_an_unknown_header_is_one_letter_that_can_be_taken_again(service: EnergyService) -> None:
    receipt = service.take_readings(b"timestamp,device,power_mw\n" + b"%b,f,45\n" % TIME * 3)
    assert (receipt.accepted, receipt.malformed) == (0, 3)
    assert letters(service) == 1
    again = service.replay_dead_letters()
    assert (again.accepted, again.malformed) == (0, 3)


@pytest.mark.parametrize(
    ("body", "device"),
    [
        (b"timestamp,device,power_w\n%b,f,20000000\n" % TIME, ""),
        (b"timestamp,power_w\n%b,20000000\n" % TIME, "f"),
        (b"device,time,value,channel\nf,%b,20000,power_kw\n" % TIME, ""),
    ],
)
def test_a_letter_means_what_its_header_said(
    log: MemoryLog, service: EnergyService, body: bytes, device: str
) -> None:
    assert service.take_readings(body, device=device).out_of_range == 1
    service._reception._limits = service.settings.wire.model_copy(update={"plausible_kw": 50_000})
    assert service.replay_dead_letters().accepted == 1
    assert devices(log) == {"f"}
    (fetched,) = log.read(dict.fromkeys(log.positions("meter_readings", EARLIEST), 0), 9, wait=0.0)
    readings = read_records(fetched.values).readings
    assert readings.column("value").to_pylist() == [20_000 * 10**9]
    assert readings.column("channel").to_pylist() == ["power_kw"]


def test_letters_come_in_appends_of_bounded_size(log: MemoryLog, service: EnergyService) -> None:
    sizes: list[int] = []
    append = log.append

    def counting(topic: str, records: object) -> object:
        sizes.append(len(records.values))  # type: ignore[attr-defined]
        return append(topic, records)  # type: ignore[arg-type]

    log.append = counting  # type: ignore[method-assign, assignment]
    service.take_readings(b"x,\n" * 2_000)
    assert max(sizes) == LETTERS_AT_ONCE
    assert until(lambda: log.positions(DEAD_LETTERS.name, "@latest")) == {
        TopicPartition(DEAD_LETTERS.name, 0): MAX_REFUSED + 1
    }


@pytest.mark.parametrize("body", [b"\x1f\x8b\x08\x00", b"PAR1", b"PK\x03\x04"])
def test_what_is_packed_is_one_sentence(service: EnergyService, body: bytes) -> None:
    try:
        receipt = service.take_readings(body + bytes(1_000))
    except Malformed as error:
        assert "replay" in error.reason
    else:
        assert (receipt.malformed, len(receipt.refused)) == (1, 1)


PLUG = b'{"time":"%b","watts":%d}\n'


def test_a_path_says_whose_a_body_is(tele: Dialect, log: MemoryLog, service: EnergyService) -> None:
    body = PLUG % (TIME, 12)
    assert service.take_readings(body).malformed == 1
    assert service.take_readings(body, source="api:tele/a/SENSOR").accepted == 1
    assert service.take_readings(body, source="api:tele/a/SENSOR", device="b").accepted == 1
    assert devices(log) == {"a", "b"}


def test_the_same_key_at_another_path_is_another_answer(
    tele: Dialect, service: EnergyService
) -> None:
    body = PLUG % (TIME, 12)
    receipts = [
        service.take_readings(body, None, f"api:tele/{device}/SENSOR", "key") for device in "ab"
    ]
    assert [receipt.accepted for receipt in receipts] == [1, 1]
    with pytest.raises(Conflict):
        service.take_readings(PLUG % (TIME, 13), None, "api:tele/a/SENSOR", "key")


def test_a_letter_remembers_the_path(
    tele: Dialect, log: MemoryLog, service: EnergyService, tmp_path: Path
) -> None:
    too_much = PLUG % (TIME, 20_000_000)
    assert service.take_readings(too_much, source="api:tele/a/SENSOR").out_of_range == 1
    unknown = b"timestamp,power_mw\n%b,45\n" % TIME  # refused whole: its letter has the source
    assert service.take_readings(unknown, source="api:tele/b/SENSOR").malformed == 1
    shapes = [(letter.shape, letter.source) for letter in service.dead_letters(limit=2)]
    assert shapes == [("any", "api:tele/b/SENSOR"), ("json@a", "api:tele/a/SENSOR")]
    service._reception._limits = service.settings.wire.model_copy(update={"plausible_kw": 50_000})
    with pytest.MonkeyPatch.context() as patch:  # the next version knows the unit
        patch.setitem(VALUES, "power_mw", ("power_kw", 1_000_000))
        layout_of.cache_clear()
        assert service.replay_dead_letters().accepted == 2
    layout_of.cache_clear()
    assert devices(log) == {"a", "b"}
