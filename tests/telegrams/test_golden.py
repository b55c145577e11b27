"""Golden telegrams of each dialect, after its specification, with the readings they must become."""

from __future__ import annotations

import pytest

from energyguard.codecs import Decoded
from energyguard.codecs.formats import decode
from energyguard.model.quantities import from_nano
from tests.telegrams.made import NOW, clock, entry, group, historic, p1, sml, tic

Reading = tuple[str, str, str, int]
"""Device, channel, value, ms after ``NOW``."""


def of(data: bytes, shape: str | None = None, now_ms: int = NOW) -> Decoded:
    return decode(data, shape, now_ms=now_ms)[1]


def rows(decoded: Decoded) -> list[Reading]:
    return [
        (row["device"], row["channel"], str(from_nano(row["value"])),
         round(row["time"].timestamp() * 1_000) - NOW)
        for row in decoded.batch.to_pylist()
    ]  # fmt: skip


def reasons(decoded: Decoded) -> list[str]:
    return [row.reason for row in decoded.refused]


REGISTER, POWER, VOLTAGE, CURRENT = "energy_register_kwh", "power_kw", "voltage_v", "current_a"

DSMR_5 = p1(
    "1-3:0.2.8(50)",
    "0-0:1.0.0(251201130000W)",
    "0-0:96.1.1(4B384547303034303436333935353037)",
    "1-0:1.8.1(000004.426*kWh)",
    "1-0:1.8.2(000002.399*kWh)",
    "1-0:2.8.1(000002.444*kWh)",
    "1-0:2.8.2(000000.000*kWh)",
    "0-0:96.14.0(0002)",
    "1-0:1.7.0(00.244*kW)",
    "1-0:2.7.0(01.500*kW)",
    "0-0:96.7.21(00013)",
    "1-0:99.97.0(1)(0-0:96.7.19)(000104180320W)(0000237126*s)",
    "1-0:32.32.0(00000)",
    "0-0:96.13.0()",
    "1-0:32.7.0(0230.1*V)",
    "1-0:52.7.0(0229.9*V)",
    "1-0:31.7.0(0.48*A)",
    "1-0:21.7.0(00.070*kW)",
    "1-0:22.7.0(00.000*kW)",
    "0-1:24.1.0(003)",
    "0-1:96.1.0(3232323241424344313233343536373839)",
    "0-1:24.2.1(251201125500W)(00000.107*m3)",
    "0-2:24.2.1(251201120000W)(12.785*GJ)",
)
DSMR_5_READINGS = [
    ("K8EG004046395507/t1", REGISTER, "4.426", 0),
    ("K8EG004046395507/t2", REGISTER, "2.399", 0),
    ("K8EG004046395507/export/t1", REGISTER, "2.444", 0),
    ("K8EG004046395507/export/t2", REGISTER, "0", 0),
    ("K8EG004046395507/t2", POWER, "0.244", 0),
    ("K8EG004046395507/t1", POWER, "0", 0),
    ("K8EG004046395507/export/t2", POWER, "-1.5", 0),
    ("K8EG004046395507/export/t1", POWER, "0", 0),
    ("K8EG004046395507/l1", VOLTAGE, "230.1", 0),
    ("K8EG004046395507/l2", VOLTAGE, "229.9", 0),
    ("K8EG004046395507/l1", CURRENT, "0.48", 0),
]
DSMR_2 = p1(  # no clock, no CRC, a line that goes on below
    "0-0:96.1.1(4530303332353635)",
    "1-0:1.8.1(00001.001*kWh)",
    "1-0:1.8.2(00001.002*kWh)",
    "0-0:96.14.0(0001)",
    "1-0:1.7.0(0001.01*kW)",
    "0-1:24.3.0(161107190000)(00)(60)(1)(0-1:24.2.1)(m3)",
    "(00001.001)",
    header=r"/ISk5\2MT382-1004",
    checked=False,
)
TOTALS = p1(  # as in Sweden, Luxembourg, Austria: a total, perhaps with its tariffs
    "0-0:1.0.0(251201130010W)",
    "0-0:96.1.0(M1)",
    "1-0:1.8.0(006545766*Wh)",
    "1-0:1.8.1(005017120*Wh)",
    "1-0:1.8.2(001528646*Wh)",
    "1-0:1.7.0(000000286*W)",
    "1-0:2.8.0(000000058*Wh)",
    "1-0:2.7.0(000000000*W)",
    "1-0:3.8.0(000000747*varh)",
)
READOUT = p1(  # IEC 62056-21: short codes, past periods, no unit beside a number
    "C.1.0(12345678)",
    "0.9.1(120000)",
    "1.8.0(001234.5*kWh)",
    "1.8.0*01(001000.0*kWh)",
    "1.8.0&02(000900.0*kWh)",
    "2.8.0(000010.0*kWh)",
    "16.7.0(-00.250*kW)",
    "1.6.1(003.5*kW)(2511301200)",
    "F.F(00000000)",
    header="/LGZ4ZMF100AC",
    checked=False,
)
SML_TOTALS = sml(
    entry("1.8.0", 123456789, "Wh", -1),
    entry("1.8.1", 123456789, "Wh", -1),
    entry("1.8.2", 0, "Wh", -1),
    entry("2.8.0", 98765, "Wh", 0, 4),
    entry("16.7.0", -2440, "W", -1, 4),
    entry("36.7.0", -2440, "W", -1, 4),
    entry("32.7.0", 2301, "V", -1, 2),
    entry("31.7.0", 106, "A", -2, 2),
    entry("14.7.0", 500, "Hz", -1, 2),
)
GOLDEN: dict[str, tuple[bytes, list[Reading]]] = {
    "p1 5": (DSMR_5, DSMR_5_READINGS),
    "p1 2": (
        DSMR_2,
        [
            ("E0032565/t1", REGISTER, "1.001", 0),
            ("E0032565/t2", REGISTER, "1.002", 0),
            ("E0032565/t1", POWER, "1.01", 0),
            ("E0032565/t2", POWER, "0", 0),
        ],
    ),
    "p1 with totals": (
        TOTALS,
        [
            ("M1", REGISTER, "6545.766", 10_000),
            ("M1", POWER, "0.286", 10_000),
            ("M1/export", REGISTER, "0.058", 10_000),
            ("M1/export", POWER, "0", 10_000),
        ],
    ),
    "iec 62056-21": (
        READOUT,
        [
            ("12345678", REGISTER, "1234.5", 0),
            ("12345678/export", REGISTER, "10", 0),
            ("12345678", POWER, "-0.25", 0),
        ],
    ),
    "sml": (
        SML_TOTALS,
        [
            ("1DZG0046427048", REGISTER, "12345.6789", 0),
            ("1DZG0046427048/export", REGISTER, "98.765", 0),
            ("1DZG0046427048", POWER, "-0.244", 0),
            ("1DZG0046427048/l1", VOLTAGE, "230.1", 0),
            ("1DZG0046427048/l1", CURRENT, "1.06", 0),
        ],
    ),
    "sml with a clock": (
        sml(entry("1.8.0", 5, "Wh", 3), time=clock(NOW // 1_000 - 7)),
        [("1DZG0046427048", REGISTER, "5", -7_000)],
    ),
    "sml that counts seconds": (
        sml(entry("1.8.0", 5, "Wh", 3), time=clock(4_711, kind=1)),
        [("1DZG0046427048", REGISTER, "5", 0)],
    ),
    "sml of a number that is none of DIN": (
        sml(entry("1.8.0", 5, "Wh", 3), server=bytes.fromhex("0604c56c97db")),
        [("0604C56C97DB", REGISTER, "5", 0)],
    ),
    "tic standard": (
        tic(
            group("ADSC", "041876123456"),
            group("VTIC", "02"),
            group("DATE", "", "H251201130005"),
            group("NGTF", "     TEMPO      "),
            group("EAST", "001234567"),
            group("EASF01", "001234567"),
            group("EAIT", "000000890"),
            group("IRMS1", "001"),
            group("URMS1", "230"),
            group("SINSTS", "00276"),
            group("UMOY1", "229", "H251201120000"),
        ),
        [
            ("041876123456", REGISTER, "1234.567", 5_000),
            ("041876123456/export", REGISTER, "0.89", 5_000),
            ("041876123456/l1", CURRENT, "1", 5_000),
            ("041876123456/l1", VOLTAGE, "230", 5_000),
        ],
    ),
    "tic historique": (
        historic(
            ADCO="041876123456", OPTARIF="HC..", ISOUSC="30", HCHC="014460852",
            HCHP="012506372", PTEC="HP..", IINST="002", IMAX="090", PAPP="00480", HHPHC="A",
            MOTDETAT="000000",
        ),
        [
            ("041876123456/hchc", REGISTER, "14460.852", 0),
            ("041876123456/hchp", REGISTER, "12506.372", 0),
            ("041876123456/l1", CURRENT, "2", 0),
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GOLDEN)
def test_a_telegram_becomes_its_readings(name: str) -> None:
    data, readings = GOLDEN[name]
    found = of(data)
    assert reasons(found) == []
    assert rows(found) == readings


@pytest.mark.parametrize(
    ("time", "after_h"),
    [
        ("251026015959S", -1), ("251026020000S", 0), ("251026025959S", 0),
        ("251026020000W", 1), ("251026030000W", 2), ("250330030000S", -5_040 + 1),
    ],
)  # fmt: skip
def test_both_hours_of_october_are_told_apart_by_their_flag(time: str, after_h: int) -> None:
    second_of_october_ms = 1_761_436_800_000  # 2025-10-26T00:00:00Z, 02:00 summer time
    (first, *_) = of(
        p1(f"0-0:1.0.0({time})", "0-0:96.1.0(M)", "1-0:1.8.0(1*kWh)")
    ).batch.to_pylist()
    after_ms = first["time"].timestamp() * 1_000 - second_of_october_ms
    assert after_ms // 3_600_000 == after_h


@pytest.mark.parametrize(("arrived_h", "after_h"), [(0, 0), (1, 1)])
def test_a_time_without_a_flag_is_the_one_nearer_to_its_arrival(
    arrived_h: int, after_h: int
) -> None:
    midnight_ms = 1_761_436_800_000
    data = p1("0-0:1.0.0(251026023000)", "0-0:96.1.0(M)", "1-0:1.8.0(1*kWh)")
    (first,) = of(data, now_ms=midnight_ms + arrived_h * 3_600_000 + 1_810_000).batch.to_pylist()
    assert first["time"].timestamp() * 1_000 == midnight_ms + after_h * 3_600_000 + 1_800_000


@pytest.mark.parametrize("time", ["000101000000W", "251201140600W"])
def test_a_clock_that_is_not_set_gives_way_to_the_arrival(time: str) -> None:
    found = of(p1(f"0-0:1.0.0({time})", "0-0:96.1.0(M)", "1-0:1.8.0(1*kWh)"))
    assert rows(found) == [("M", REGISTER, "1", 0)]


@pytest.mark.parametrize("flag", ["h", "e", " "])
def test_a_linky_whose_clock_is_not_set_has_the_time_of_its_arrival(flag: str) -> None:
    frame = tic(group("ADSC", "1"), group("DATE", "", f"{flag}251201130005"), group("EAST", "1000"))
    assert rows(of(frame)) == [("1", REGISTER, "1", 0)]


@pytest.mark.parametrize(
    "name", ["p1 2", "iec 62056-21", "sml", "sml that counts seconds", "tic historique"]
)
def test_a_file_of_telegrams_without_a_time_is_refused(name: str) -> None:
    data, _ = GOLDEN[name]
    found = of(data, now_ms=0)
    assert rows(found) == []
    assert reasons(found) == ["it has no time, and of a file nobody knows when it came"]


def test_telegrams_of_one_body_without_a_time_came_one_after_the_other() -> None:
    first, second = (sml(entry("1.8.0", value, "Wh", 3)) for value in (5, 6))
    assert [row[2:] for row in rows(of(first + second))] == [("5", -1), ("6", 0)]


def test_the_sender_may_say_what_the_device_is_called() -> None:
    assert rows(of(TOTALS, "p1:kitchen"))[0][0] == "kitchen"
    assert rows(decode(TOTALS, device="file", now_ms=NOW)[1])[0][0] == "M1"
    nameless = p1("0-0:1.0.0(251201130010W)", "1-0:1.8.0(1*kWh)")
    assert rows(decode(nameless, device="file", now_ms=NOW)[1])[0][0] == "file"
    assert reasons(of(nameless)) == ["no number of a meter is in it: name its device (device=NAME)"]


@pytest.mark.parametrize(
    ("lines", "readings"),
    [
        (("1-0:1.8.1(1*kWh)", "1-0:1.7.0(2*kW)"), [("M/t1", REGISTER, "1", 0)]),  # which tariff?
        (("1-0:1.7.0(2*kW)",), [("M", POWER, "2", 0)]),
        (("1-0:1.8.0(1*kWh)", "1-0:1.8.0(9*kWh)"), [("M", REGISTER, "1", 0)]),
        (("1-0:1.8.0(1*kWh)", "1-0:1.7.0(2*kW)", "1-0:16.7.0(2*kW)"),
         [("M", REGISTER, "1", 0), ("M", POWER, "2", 0)]),
    ],
)  # fmt: skip
def test_nothing_counts_twice(lines: tuple[str, ...], readings: list[Reading]) -> None:
    assert rows(of(p1("0-0:96.1.0(M)", *lines))) == readings


def test_a_value_that_cannot_be_read_costs_its_neighbours_nothing() -> None:
    found = of(p1("0-0:96.1.0(M)", "1-0:1.8.0(?*kWh)", "1-0:32.7.0(230*V)", "1-0:52.7.0(1*kW)"))
    assert rows(found) == [("M/l1", VOLTAGE, "230", 0)]
    assert reasons(found) == [
        "not taken: 1-0:1.8.0 is no number; 1-0:52.7.0 has the unit 'kW'"
    ]  # fmt: skip


def test_a_group_whose_sum_does_not_hold_costs_the_others_nothing() -> None:
    bad = group("EAIT", "000000890").replace(b"890", b"891")
    found = of(tic(group("ADSC", "1"), group("EAST", "1000"), bad))
    assert rows(found) == [("1", REGISTER, "1", 0)]
    assert reasons(found) == ["not taken: the sum of the group 'EAIT' does not hold"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (DSMR_5.replace(b"4.426", b"4.427"), "its CRC"),
        (DSMR_5[:-4] + b"\r\n", "its CRC"),
        (DSMR_5[:300], "it is no whole telegram"),
        (b"/", "it is no whole telegram"),
        (SML_TOTALS[:-1] + bytes([SML_TOTALS[-1] ^ 1]), "its CRC"),
        (SML_TOTALS[:100], "it is no whole telegram"),
        (tic(group("ADSC", "1"))[:-1], "it is no whole telegram"),
        (b"\x02\n\r\x03", "none of its groups"),
    ],
)
def test_a_telegram_that_is_not_whole_is_refused_by_name(data: bytes, reason: str) -> None:
    found = of(data)
    assert rows(found) == []
    assert [text.startswith(reason) for text in reasons(found)] == [True], reasons(found)


def test_a_telegram_whose_lines_lost_their_returns_is_whole() -> None:
    assert rows(of(DSMR_5.replace(b"\r\n", b"\n"))) == DSMR_5_READINGS


@pytest.mark.parametrize(("start", "more_zeros"), [(0, 0), (0xFFFF, 4)])
def test_a_meter_that_begins_its_sum_at_nought_or_fills_up_too_much_is_read(
    start: int, more_zeros: int
) -> None:
    data = sml(entry("1.8.0", 5, "Wh", 3), start=start, more_zeros=more_zeros)
    assert rows(of(data)) == [("1DZG0046427048", REGISTER, "5", 0)]


@pytest.mark.parametrize(
    "data",
    [p1("0-0:96.1.1(00000000000000)", "1-0:1.8.0(1*kWh)"),
     sml(entry("1.8.0", 5, "Wh", 3), server=bytes(10)),
     tic(group("ADSC", "000000000000"), group("EAST", "1000"))],
)  # fmt: skip
def test_meters_whose_numbers_are_hidden_never_become_one(data: bytes) -> None:
    assert reasons(of(data)) == ["no number of a meter is in it: name its device (device=NAME)"]
    assert rows(decode(data, device="cellar", now_ms=NOW)[1])[0][0] == "cellar"


def test_escaped_bytes_of_a_telegram_are_those_of_its_meter() -> None:
    found = of(sml(entry("1.8.0", 0x1B1B1B1B, "Wh", 0)))
    assert rows(found) == [("1DZG0046427048", REGISTER, "454761.243", 0)]


def test_noise_beside_telegrams_is_left_out() -> None:
    assert rows(of(DSMR_5 + b"  25803103\r\n\xff\xff\r\n" + TOTALS)) == [
        *DSMR_5_READINGS, *GOLDEN["p1 with totals"][1],
    ]  # fmt: skip
