"""Formats with a name: each is found by its bytes alone, and its example becomes what it must."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pytest

from energyguard.api.routes.consumption import ConsumptionAnswer, ConsumptionBody, CostedStepBody
from energyguard.catalogue import Catalogue
from energyguard.codecs.assembly import DEFAULT
from energyguard.codecs.sheets import sheet_bytes
from energyguard.errors import Malformed
from energyguard.files.formats import FileFormat, formats
from energyguard.files.found import FileAnswers
from energyguard.service.consumption.rows import consumption_table
from tests.files.made import Row, read, refused, rows

KWH, REGISTER, POWER = "energy_kwh", "energy_register_kwh", "power_kw"
GOLDEN: Final[Mapping[str, tuple[int, tuple[Row, ...]]]] = {
    "nem12": (
        96,
        (
            Row("6102000001/E1", KWH, "2026-02-28T14:00:00", "0.5"),
            Row("6102000001/E1", KWH, "2026-03-01T13:30:00", "0.75"),
            Row("6102000001/B1", KWH, "2026-02-28T14:00:00", "-0.1"),
            Row("6102000001/B1", KWH, "2026-03-01T13:30:00", "-0.2"),
        ),
    ),
    "nem13": (
        2,
        (
            Row("6102000002/11", REGISTER, "2025-12-31T14:00:00", "1000"),
            Row("6102000002/11", REGISTER, "2026-03-31T14:00:00", "1180.5"),
        ),
    ),
    "espi": (
        2,
        (
            Row("home", KWH, "2026-03-01T00:00:00", "0.412"),
            Row("home", KWH, "2026-03-01T01:00:00", "0.388"),
        ),
    ),
    "octopus": (
        2,
        (
            Row("home", KWH, "2026-03-01T00:00:00", "0.081"),
            Row("home", KWH, "2026-03-01T00:30:00", "0.1"),
        ),
    ),
    "octopus-json": (
        2,
        (
            Row("home", KWH, "2026-06-30T23:30:00", "0.063"),
            Row("home", KWH, "2026-06-30T23:00:00", "0.071"),
        ),
    ),
    "inexogy-json": (
        6,
        (
            Row("home", REGISTER, "2026-02-28T23:00:00", "1234.125"),
            Row("home/export", REGISTER, "2026-02-28T23:15:00", "10.51"),
            Row("home", POWER, "2026-02-28T23:15:00", "-0.02"),
        ),
    ),
    "lcl": (1, (Row("MAC000002", KWH, "2012-10-12T00:30:00", "0.25"),)),
    "uci": (
        6,
        (
            Row("house", POWER, "2006-12-16T16:24:00", "4.216"),
            Row("house", "voltage_v", "2006-12-16T16:24:00", "234.84"),
            Row("house", "current_a", "2006-12-16T16:24:00", "18.4"),
            Row("house/Sub_metering_3", KWH, "2006-12-16T16:24:00", "0.017"),
        ),
    ),
    "enedis": (
        2,
        (
            Row("30001234567890", POWER, "2026-02-28T23:00:00", "0.404"),
            Row("30001234567890", POWER, "2026-02-28T23:30:00", "0.38"),
        ),
    ),
    "enedis-workbook": (
        2,
        (
            Row("30001234567890", KWH, "2025-12-31T23:00:00", "6.329"),
            Row("30001234567890", KWH, "2026-01-02T23:00:00", "7.5"),
        ),
    ),
    "n3rgy": (
        2,
        (
            Row("home", KWH, "2026-07-15T00:00:00", "0.3"),
            Row("home", KWH, "2026-07-15T00:30:00", "0.4"),
        ),
    ),
    "n3rgy-json": (
        2,
        (
            Row("1234567891234", KWH, "2026-01-01T00:30:00", "0.671"),
            Row("1234567891234", KWH, "2026-01-01T01:00:00", "1.212"),
        ),
    ),
    "iotawatt": (
        3,
        (
            Row("home/Main", POWER, "2026-03-01T00:00:00", "0.4125"),
            Row("home/Solar", POWER, "2026-03-01T00:00:00", "0"),
            Row("home/Main", POWER, "2026-03-01T01:00:00", "0.38"),
        ),
    ),
    "homeassistant-energy": (
        4,
        (
            Row("sensor.import", KWH, "2026-01-05T10:00:00", "1.5"),
            Row("sensor.return/export", KWH, "2026-01-05T11:00:00", "-1"),
        ),
    ),
    "homeassistant": (
        2,
        (
            Row("sensor.plug_power_w", POWER, "2026-03-01T00:00:00", "0.45"),
            Row("sensor.plug_power_w", POWER, "2026-03-01T00:02:00", "0.4515"),
        ),
    ),
    "consumption": (
        2,
        (
            Row("H001", KWH, "2026-02-28T23:00:00", "0.25"),
            Row("H001", KWH, "2026-03-01T00:00:00", "0.5"),
        ),
    ),
    "wiener-netze": (
        2,
        (
            Row("wohnung", KWH, "2026-02-28T23:00:00", "0.045"),
            Row("wohnung", KWH, "2026-02-28T23:15:00", "0.051"),
        ),
    ),
    "emporia": (
        3,
        (
            Row("Home-Mains", KWH, "2026-03-01T05:00:00", "0.51"),
            Row("Home-Kitchen", KWH, "2026-03-01T05:00:00", "0.02"),
            Row("Home-Mains", KWH, "2026-03-01T05:15:00", "0.47"),
        ),
    ),
    "sense": (
        2,
        (
            Row("Total Usage", KWH, "2026-03-01T05:00:00", "0.4125"),
            Row("Fridge", KWH, "2026-03-01T05:00:00", "0.0801"),
        ),
    ),
    "sdge": (
        4,
        (
            Row("6042", KWH, "2026-03-01T08:00:00", "0.36"),
            Row("6042/export", KWH, "2026-03-01T08:15:00", "-0.2"),
        ),
    ),
    "smt": (
        3,
        (
            Row("10443720000000001", KWH, "2026-05-06T05:00:00", "0.859"),
            Row("10443720000000001", KWH, "2026-05-06T05:15:00", "0.151"),
            Row("10443720000000001/export", KWH, "2026-05-06T05:00:00", "-0.1"),
        ),
    ),
    "homeassistant-statistics": (
        3,
        (
            Row("sensor.oven_power", POWER, "2024-01-26T11:00:00", "0.0205"),
            Row("sensor.energy", REGISTER, "2024-01-26T12:00:00", "10.5"),
            Row("sensor.energy", REGISTER, "2024-01-26T13:00:00", "11.5"),
        ),
    ),
    "opower": (
        2,
        (
            Row("home", KWH, "2026-03-01T08:00:00", "0.05"),
            Row("home", KWH, "2026-03-01T08:15:00", "0.07"),
        ),
    ),
    "ausgrid": (
        96,
        (
            Row("1/GC", KWH, "2012-06-30T14:00:00", "0.25"),
            Row("1/GC", KWH, "2012-07-01T13:30:00", "0.25"),
            Row("1/GG", KWH, "2012-06-30T14:00:00", "-0.5"),
        ),
    ),
    "refit": (
        20,
        (
            Row("house1/Aggregate", POWER, "2013-10-09T13:06:17", "0.523"),
            Row("house1/Appliance9", POWER, "2013-10-09T13:06:31", "0.001"),
        ),
    ),
}
"""Of each example: how many readings it becomes, and some of them; by hand, by its documents."""


def test_every_format_has_its_golden_readings() -> None:
    assert formats().keys() == GOLDEN.keys()


@pytest.mark.parametrize("name", GOLDEN)
def test_an_example_becomes_what_it_must(name: str) -> None:
    found = formats()[name]
    readings = rows(found.read(found.example, "example", found.answers, DEFAULT))
    many, some = GOLDEN[name]
    assert len(set(readings)) == many
    assert set(some) <= set(readings)


@pytest.mark.parametrize("file_format", formats().values(), ids=lambda each: each.name)
def test_an_example_is_found_by_its_bytes_alone(file_format: FileFormat, tmp_path: Path) -> None:
    path = tmp_path / "anything.txt"
    path.write_bytes(file_format.example)
    claimed = [each.name for each in formats().values() if each.recognises(file_format.example)]
    assert claimed == [file_format.name]
    answers = file_format.answers
    found = read(
        tmp_path, file_format.example, "anything.txt",
        device=answers.device, zone=answers.zone, columns=answers.columns,
    )  # fmt: skip
    assert found.format == file_format.name
    assert len(rows(found)) == GOLDEN[file_format.name][0]


def test_what_was_used_is_taken_of_devices_and_not_of_their_sums(tmp_path: Path) -> None:
    example = formats()["consumption"].example.decode()
    header, *_ = example.split("\n")
    assert consumption_table([], Catalogue()).column_names == header.split(",")
    found = read(tmp_path, example)
    assert ("site/…, group/…", "sums of devices: 1 lines") in {of[1:] for of in found.findings}
    with pytest.raises(Malformed, match="sums of sites or groups alone"):
        read(tmp_path, example.replace("device/H001", "group/pumps"))


def test_what_was_used_is_taken_in_every_form_that_it_is_given_in(tmp_path: Path) -> None:
    example = formats()["consumption"].example.decode()
    wanted = rows(read(tmp_path, example))
    cells = list(csv.DictReader(io.StringIO(example)))
    table = pa.Table.from_pylist(
        [
            cell | {name: datetime.fromisoformat(cell[name]) for name in ("start", "end")}
            | {"kwh": float(cell["kwh"])} for cell in cells
        ]
    )  # fmt: skip
    steps = [
        CostedStepBody(
            start=r["start"], end=r["end"], kwh=r["kwh"], readings=4, cost=0.08, currency="EUR"
        )
        for r in table.to_pylist()
    ]
    kept: dict[str, Any] = {"missing": [], "open": None, "highest": None, "total_kwh": 0.75}
    first, later = steps[0].start, steps[1].end
    answer = ConsumptionAnswer(
        span="2026-03-01", zone="Europe/Berlin", start=first, end=later, until=later,
        before_until=first, series=[
            ConsumptionBody(of="device/H001", name="Oven", steps=steps[:2], before=steps, **kept),
            ConsumptionBody(of="site/home", name="Home", steps=steps[2:], **kept),
        ],
    )  # fmt: skip
    objects = [json.dumps({**cell, "kwh": float(cell["kwh"])}) for cell in cells]
    forms: dict[str, str | bytes] = {
        "a.parquet": sheet_bytes(table, "parquet"),
        "a.json": answer.model_dump_json(),
        "rows.json": f"[{', '.join(objects)}]",
        "rows.jsonl": "\n".join(objects),
    }
    for name, content in forms.items():
        assert rows(read(tmp_path, content, name)) == wanted, name


def test_a_table_as_parquet_is_read_by_its_words(tmp_path: Path) -> None:
    table = pa.table(
        {"Zeit": ["01.03.2026 00:00", "01.03.2026 00:15"], "Verbrauch kWh": [0.5, 0.2]}
    )
    found = rows(read(tmp_path, sheet_bytes(table, "parquet"), "a.parquet", device="h", zone="UTC"))
    assert [(row.time, row.value) for row in found] == [
        ("2026-03-01T00:00:00", "0.5"), ("2026-03-01T00:15:00", "0.2")
    ]  # fmt: skip
    with pytest.raises(Malformed, match="cannot be read"):
        read(tmp_path, b"PAR1 and nothing PAR1", "b.parquet", device="h", columns={"a": "ignore"})


def nem12(*records: str) -> bytes:
    head = "100,NEM12,202603020815,MDP1,Retailer1"
    return "\n".join((head, *records, "900", "")).encode()


def feed(*readings: tuple[int, int, int]) -> str:
    """A feed of a point with meter readings: each of a direction, a length in s, and Wh."""
    start, entries = 1_772_323_200, []
    for number, (direction, length, wh) in enumerate(readings, 1):
        times = range(start, start + 7_200, min(length, 7_200))
        intervals = "".join(
            f"<IntervalReading><timePeriod><duration>{length}</duration><start>{time}</start>"
            f"</timePeriod><value>{wh}</value></IntervalReading>" for time in times
        )  # fmt: skip
        up = f"R/UsagePoint/1/MeterReading/{number}"
        entries.append(
            f'<entry><link rel="self" href="{up}"/><link rel="related" href="R/ReadingType/'
            f'{number}"/><content><MeterReading xmlns="http://naesb.org/espi"/></content></entry>'
            f'<entry><link rel="self" href="R/ReadingType/{number}"/><content><ReadingType '
            f'xmlns="http://naesb.org/espi"><flowDirection>{direction}</flowDirection>'
            f"<intervalLength>{length}</intervalLength><uom>72</uom></ReadingType></content>"
            f'</entry><entry><link rel="self" href="{up}/IntervalBlock/1"/><link rel="up" '
            f'href="{up}/IntervalBlock"/><content><IntervalBlock xmlns="http://naesb.org/espi">'
            f"{intervals}</IntervalBlock></content></entry>"
        )
    return f'<feed xmlns="http://www.w3.org/2005/Atom">{"".join(entries)}</feed>'


def test_green_button_counts_nothing_twice(tmp_path: Path) -> None:
    found = rows(read(tmp_path, feed((1, 3_600, 400), (1, 86_400, 800)), device="h"))
    assert [(row.device, row.value) for row in found] == [("h", "0.4"), ("h", "0.4")]
    found = rows(read(tmp_path, feed((1, 7_200, 9), (19, 7_200, 5), (4, 7_200, 4)), device="h"))
    assert {(row.device, row.value) for row in found} == {
        ("h", "0.009"), ("h/export", "-0.005"), ("h/net", "0.004"),
    }  # fmt: skip


ENEDIS = "Identifiant PRM;Type de donnees;Date de debut;Date de fin;Grandeur physique;"
ENEDIS += "Grandeur metier;Etape metier;Unite\n30001234567890;"


def test_enedis_registers_take_the_total_and_leave_the_greatest_powers(tmp_path: Path) -> None:
    text = (
        f"{ENEDIS}Index;01/09/2019;03/09/2019;Energie active;Consommation;Comptage Brut;Wh\n"
        "Horodate;Type de releve;EAS F1;EAS F2;EAS T\n"
        "2019-09-02T00:00:00+02:00;Arrêté quotidien;1009905;819074;1834405\n"
        "2019-09-03T00:00:00+02:00;Arrêté quotidien;1009905;819074;1840911\n\n"
        "Periode;Identifiant calendrier fournisseur\nDu 2019-09-02T00:00:00+02:00 au;FC011827\n"
        f"{ENEDIS}Puissance maximale quotidienne;01/09/2019;03/09/2019;P;Consommation;Brut;W\n"
        "Horodate;Valeur\n2019-09-01T15:17:24+02:00;3695\n"
    )
    found = read(tmp_path, text)
    assert (refused(found), rows(found)) == ([], [
        Row("30001234567890", REGISTER, "2019-09-01T22:00:00", "1834.405"),
        Row("30001234567890", REGISTER, "2019-09-02T22:00:00", "1840.911"),
    ])  # fmt: skip


def test_enedis_days_that_were_fed_in(tmp_path: Path) -> None:
    text = (
        "Identifiant PRM;Type de donnees;Date de debut;Date de fin\n"
        "30001234567890;Injection quotidienne;01/06/2026;03/06/2026\n\n"
        "Date;Valeur (en Wh)\n2026-06-01;12571\n2026-06-02;\n"
    )
    assert rows(read(tmp_path, text)) == [
        Row("30001234567890/export", KWH, "2026-05-31T22:00:00", "-12.571")
    ]


def test_n3rgy_refuses_gas_and_takes_production_below_zero(tmp_path: Path) -> None:
    answer = formats()["n3rgy-json"].example.decode()
    with pytest.raises(Malformed, match="it is in m3, and only kWh are read"):
        read(tmp_path, answer.replace('"kWh"', '"m3"'))
    found = rows(read(tmp_path, answer.replace("consumption", "production")))
    assert [(row.device, row.value) for row in found] == [
        ("1234567891234/export", "-0.671"), ("1234567891234/export", "-1.212"),
    ]  # fmt: skip


HISTORY = "entity_id,state,last_changed\n" + "".join(
    f"sensor.{name},{state},2026-03-01T00:0{minute}:00.000Z\n"
    for minute in (0, 5)
    for name, state in (("total", f"1000.{minute}"), ("plug", 450 + minute), ("door", "on"))
)


def test_home_assistant_is_asked_of_each_entity(tmp_path: Path) -> None:
    asked = [(doubt.column, doubt.choices[0]) for doubt in read(tmp_path, HISTORY).doubts]
    assert asked == [
        ("sensor.total", "energy_register_kwh"), ("sensor.plug", "energy_register_kwh"),
    ]  # fmt: skip
    said = {"sensor.total": "energy_register_kwh", "sensor.plug": "power_w"}
    found = {(row.channel, row.value) for row in rows(read(tmp_path, HISTORY, columns=said))}
    assert found == {(REGISTER, "1000"), (REGISTER, "1000.5"), (POWER, "0.45"), (POWER, "0.455")}


STREAM = "200,NMI1,E1,1,E1,N1,M1,{unit},30,"
DAY = "300,20260301," + ",".join(["1"] * 48) + ",{quality},,,{updated},"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("statistic_id,unit,start,delta\nsensor.grid_import_energy,kWh,2026-01-01 00:00,0.5\n"
         "sensor.grid_export_energy,Wh,2026-01-01 00:00,250\nsensor.cost,EUR,2026-01-01 00:00,1\n",
         [("sensor.grid_import_energy", KWH, "2026-01-01T00:00:00", "0.5"),
          ("sensor.grid_export_energy/export", KWH, "2026-01-01T00:00:00", "-0.25")]),
        ("statistic_id\tunit\tstart\tmin\tmax\tmean\n"
         "sensor.temp\t°C\t26.01.2024 12:00\t20\t21\t20.5\n",
         [("sensor.temp", "temperature_c", "2024-01-26T12:00:00", "20.5")]),
    ],
)  # fmt: skip
def test_home_assistants_statistics_in_each_of_their_forms(
    text: str, expected: list[tuple[str, ...]], tmp_path: Path
) -> None:
    found = read(tmp_path, text, zone="UTC")
    assert found.format == "homeassistant-statistics"
    assert [tuple(row) for row in rows(found)] == expected


def test_home_assistants_statistics_ask_what_they_leave_open(tmp_path: Path) -> None:
    text = (
        "statistic_id,unit,start,sum\ns,kWh,01/02/2024 12:00,1\ns,kWh,noon,2\ns,kWh\n"
        "s,kWh,01/02/2024 13:00,2\n"
    )
    found = read(tmp_path, text)
    assert [doubt.option for doubt in found.doubts] == ["--map", "--zone"]
    assert [row for row, _ in refused(found)] == [3, 4]
    answered = rows(read(tmp_path, text, zone="UTC", columns={"start": "mdy"}))
    assert [row.time for row in answered] == ["2024-01-02T13:00:00", "2024-01-02T14:00:00"]


def test_nem12_units_qualities_and_corrections(tmp_path: Path) -> None:
    old, new = (DAY.format(quality="A", updated=at) for at in ("20260302000000", "20260309000000"))
    corrected = nem12(
        STREAM.format(unit="WH"), new.replace("300,20260301,1,", "300,20260301,7,"), old
    )
    found = read(tmp_path, corrected)
    assert (len(rows(found)), rows(found)[0].value) == (48, "0.007")
    gaps = nem12(
        STREAM.format(unit="KWH"),
        DAY.format(quality="V", updated=""),
        "400,1,40,N,,",
        "400,41,48,A,,",
    )
    assert len(rows(read(tmp_path, gaps))) == 8
    absent = nem12(STREAM.format(unit="KWH"), DAY.format(quality="N", updated=""))
    assert rows(read(tmp_path, absent)) == []
    reactive = nem12(STREAM.format(unit="KVARH"), DAY.format(quality="A", updated=""))
    assert rows(read(tmp_path, reactive)) == []


def test_nem12_says_which_record_is_wrong(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        nem12(
            STREAM.format(unit="KWH"),
            "300,20260301,1,2,3,A",
            DAY.format(quality="A", updated="").replace("20260301", "20261301"),
            DAY.format(quality="A", updated="").replace(",1,1,", ",one,1,", 1),
            "777,what",
        ),
    )
    assert refused(found) == [
        (3, "4 cells instead of 48 values and their quality"),
        (4, "'20261301' is no date"),
        (5, "value is no number: 'one'"),
        (6, "no record of NEM12 is '777'"),
    ]
    assert len(rows(found)) == 47


def test_nem13_of_a_meter_with_a_factor_is_refused(tmp_path: Path) -> None:
    text = formats()["nem13"].example.replace(b",180.5,KWH", b",7220,KWH")
    found = read(tmp_path, text)
    assert rows(found) == []
    assert "is not the difference of its reads" in refused(found)[0][1]


ESPI = formats()["espi"].example.decode()


@pytest.mark.parametrize(
    ("old", "new", "row"),
    [
        ("<flowDirection>1<", "<flowDirection>19<", ("home/export", KWH, "-0.412")),
        ("Multiplier>0<", "Multiplier>2<", ("home", KWH, "41.2")),
        ("Multiplier>0<", "Multiplier>-3<", ("home", KWH, "0.000412")),
        ("<uom>72<", "<uom>38<", ("home", POWER, "0.412")),
        ("Behaviour>4<", "Behaviour>3<", ("home", REGISTER, "0.412")),
    ],
    ids=["fed in", "hundreds", "mWh", "power", "register"],
)
def test_espi_by_its_reading_type(
    tmp_path: Path, old: str, new: str, row: tuple[str, str, str]
) -> None:
    found = read(tmp_path, ESPI.replace(old, new), device="home")
    first = rows(found)[0]
    assert (first.device, first.channel, first.value) == row


def test_espi_above_what_is_plausible_is_refused_with_its_amount(tmp_path: Path) -> None:
    found = read(tmp_path, ESPI.replace("Multiplier>0<", "Multiplier>3<"), device="home")
    assert refused(found)[0][1] == "value is above the plausible 100 kWh: 412 kWh"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (ESPI[: len(ESPI) - 30], "the XML cannot be read"),
        (
            ESPI.replace(
                "<feed", '<!DOCTYPE feed [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>\n<feed', 1
            ),
            "declares a document type",
        ),
        (ESPI.replace("IntervalBlock", "OtherBlock"), "has no IntervalBlock"),
        (
            ESPI.replace("<ReadingType ", "<Kind ").replace("</ReadingType>", "</Kind>"),
            "no ReadingType",
        ),
    ],
    ids=["cut", "entities", "no readings", "no type"],
)
def test_espi_that_cannot_be_read_is_refused_in_one_sentence(
    tmp_path: Path, text: str, why: str
) -> None:
    with pytest.raises(Malformed, match=why):
        read(tmp_path, text, device="home")


def test_octopus_json_that_is_cut_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="truncated"):
        read(tmp_path, formats()["octopus-json"].example[:-9], device="home")


def test_a_format_that_is_said_is_read_as_that(tmp_path: Path) -> None:
    text = formats()["lcl"].example
    by_name = read(tmp_path, text, format="lcl")
    assert by_name.format == "lcl"
    as_table = read(tmp_path, text, format="table", zone="UTC", columns={"DateTime": "dmy"})
    assert (as_table.format, rows(as_table)) == ("table", rows(by_name))
    assert FileAnswers(format="lcl").key() != FileAnswers().key()
