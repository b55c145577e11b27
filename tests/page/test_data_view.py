"""Data: what is missing, of which device, in which hours; refused rows; files; the details."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
from nicegui import ui
from nicegui.elements.upload_files import SmallFileUpload
from nicegui.testing import User

from energyguard.log import LATEST
from energyguard.page.data.file_facts import refused_csv
from energyguard.page.data.missing import as_csv
from energyguard.page.elements.components import Tag
from energyguard.page.frame.page_cache import PageCache
from energyguard.service.consumption.missing_hours import MissingData, missing_data
from energyguard.service.intake.file_previews import preview
from tests.application.service import MadeUpService
from tests.page.test_views import sees

GOOD = b"timestamp,household_id,energy_kwh\n2026-03-02T10:00:00Z,H001,0.25\n"


async def test_what_is_missing_is_said_with_device_and_hours(
    user: User, service: MadeUpService
) -> None:
    service.enter("site/lindenhof", name="Lindenhof 12", zone="Europe/Berlin")
    service.enter("device/H003", name="Oven", site="lindenhof")
    await user.open("/data")
    await sees(user, "5 hours are missing, at 2 devices")
    await sees(user, "Oven")
    await sees(user, "Fri 21 Nov, 15:00–18:00")  # 14:00 UTC, three hours
    await sees(user, "silent since")
    await sees(user, "49 other devices lack nothing.")
    gone = [tag for tag in user.find(kind=Tag).elements if "gone" in tag.classes]
    spans = [tag.props["title"] for tag in gone if "title" in tag.props]
    assert sorted(spans) == ["Fri 21 Nov, 15:00–18:00", "Sat 22 Nov, 15:00–17:00"]


async def test_the_list_is_a_file_with_a_line_per_stretch(service: MadeUpService) -> None:
    class Opened:
        cache = PageCache(service)

    text = as_csv(missing_data(service, 7), Opened())  # type: ignore[arg-type]
    assert text.splitlines()[0] == "device,name,site,from,to,hours"
    assert "H003,H003,,2025-11-21T14:00:00+00:00,2025-11-21T17:00:00+00:00,3" in text


async def test_nothing_is_missing_where_nobody_sends(nobody: User) -> None:
    await nobody.open("/data")
    await sees(nobody, "No readings yet")
    await sees(nobody, "No row was refused")


async def test_where_nothing_is_missing_nobody_is_said_to_be_another(
    user: User, service: MadeUpService, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = service.past.missing
    monkeypatch.setattr(service.past, "missing", lambda **of: missing(**of | {"device": "nobody"}))
    await user.open("/data")
    await sees(user, "Nothing is missing: each hour of each device has readings.")
    await sees(user, "51 devices are looked at, each by its own rhythm.")
    await user.should_not_see("other devices")


async def test_where_only_the_past_was_brought_it_is_said_so(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    past = MissingData(7, 0, 0, 0, 0, (), ("H001",))
    monkeypatch.setattr("energyguard.page.data.view.missing_data", lambda *_given: past)
    await user.open("/data")
    await sees(user, "Nothing came for over a month")
    await sees(user, "1 device has sent nothing for over a month: H001.")
    await user.should_not_see("all of them send")


async def test_refused_rows_are_tried_again_after_a_look(
    user: User, service: MadeUpService
) -> None:
    await user.open("/quality")  # the old address
    await sees(user, "never,H004,0.1\\xff")
    user.find(marker="replay-0").click()
    await sees(user, "0 would be taken now, 1 refused again.")
    user.find(marker="sure").click()
    await sees(user, "0 taken, 1 refused again")
    assert [letter.original for letter in service.dead_letters(1)] == ["yesterday,H003,0.1"]
    assert len(service.dead_letters()) == 5


async def test_details_count_how_readings_ended(user: User) -> None:
    await user.open("/data")
    await sees(user, "748,828")
    await sees(user, "malformed: timestamp")


async def test_a_workbook_is_understood_in_the_zone_of_the_page(user: User) -> None:
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in (["time", "device", "energy_kwh"], [datetime(2026, 3, 2, 10), "H001", 0.25]):
        book.active.append(row)
    book.save(out)
    await user.open("/data")
    upload = next(iter(user.find(kind=ui.upload).elements))
    await upload.handle_uploads([SmallFileUpload("march.xlsx", "", out.getvalue())])
    await sees(user, "march.xlsx is understood")
    await sees(user, "Import 1 reading")


async def bring(user: User, name: str, content: bytes) -> None:
    upload = next(iter(user.find(kind=ui.upload).elements))
    await upload.handle_uploads([SmallFileUpload(name, "", content)])


async def test_a_file_is_understood_then_taken(user: User, service: MadeUpService) -> None:
    await user.open("/data")
    await bring(user, "../march.csv", GOOD + b"x,H2,1\n")
    await sees(user, "march.csv is understood; some rows are not readable")
    await sees(user, "Row 3")
    before = len(service.dead_letters())
    user.find(marker="take-1").trigger("submit", {})
    await sees(user, "march.csv: 1 reading taken, 1 row refused")
    assert len(service.dead_letters()) == before + 1
    ends = service.positions("meter_readings", LATEST).values()
    assert sum(ends) == 1
    await bring(user, "x.csv", b"a;b\n1;2\n")
    await sees(user, "x.csv was not understood")


def choose(user: User, marker: str, value: str) -> None:
    user.find(marker=marker).trigger("change", value)


async def test_a_doubt_is_answered_and_a_column_corrected_by_menus(
    user: User, service: MadeUpService
) -> None:
    service.enter("site/lindenhof", name="Lindenhof 12", zone="Europe/Berlin")
    await user.open("/data")
    await bring(user, "verbrauch.csv", b"Datum;Wert\n13.03.2026 12:00;1,5\n13.03.2026 12:15;2\n")
    await sees(user, "verbrauch.csv: 1 question is open")
    await sees(user, "what does it measure, and in which unit?")
    await user.should_not_see(marker="import")
    choose(user, "doubt-0", "energy_kwh")
    await sees(user, "verbrauch.csv is understood")
    await sees(user, "Import 2 readings")
    await sees(user, "3.500 kWh")
    choose(user, "column-Wert", "power_w")
    await sees(user, "power_kw")
    choose(user, "column-Datum", "ignore")
    await sees(user, "no column is a time")
    choose(user, "column-Datum", "time")
    await sees(user, "verbrauch.csv is understood")
    choose(user, "zone", "UTC")
    await sees(user, "you say so")
    user.find(marker="take-1").trigger(
        "submit", {"device": "House, main meter", "site": "lindenhof"}
    )
    await sees(user, "verbrauch.csv: 2 readings taken")
    entry = service.catalogue.entries.devices["house-main-meter"]
    assert (entry.name, entry.site) == ("House, main meter", "lindenhof")
    job = next(iter(user.find(content="See it").elements))
    assert (
        job.props["href"] == "/explore?of=device%2Fhouse-main-meter&from=2026-03-13&to=2026-03-13"
    )


async def test_a_file_is_there_again_with_its_answers_when_the_page_is_opened_anew(
    user: User, service: MadeUpService
) -> None:
    await user.open("/data")
    await bring(user, "verbrauch.csv", b"Datum;Wert\n13.03.2026 12:00;1,5\n13.03.2026 12:15;2\n")
    await sees(user, "verbrauch.csv: 1 question is open")
    choose(user, "doubt-0", "energy_kwh")
    await sees(user, "Import 2 readings")
    user.find(marker="take-1").trigger("change", {"device": "Cellar", "site": ""})
    await user.open("/data")
    await sees(user, "Import 2 readings")
    typed = [tag for tag in user.find(kind=Tag).elements if tag.props.get("^value") == "Cellar"]
    assert len(typed) == 1
    user.find(marker="forget").click()
    await user.should_not_see("verbrauch.csv")
    await user.open("/data")
    await sees(user, "Drop files here")
    await user.should_not_see("verbrauch.csv")


async def test_a_file_that_was_let_go_is_named_with_the_reason(
    user: User, service: MadeUpService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("energyguard.service.intake.pending_files.KEEP_S", 0.0)
    await user.open("/data")
    await bring(user, "march.csv", GOOD)
    await sees(user, "march.csv waited here for 24 hours and was let go. Bring it again")
    user.find(kind=Tag, content="Close", marker="have-read").click()
    await user.should_not_see("march.csv waited")


async def test_all_that_is_clear_is_taken_at_once(user: User, service: MadeUpService) -> None:
    await user.open("/data")
    await bring(user, "one.csv", GOOD)
    await bring(user, "two.csv", GOOD.replace(b"H001", b"H002"))
    await bring(user, "odd.csv", b"Datum;Wert\n13.03.2026 12:00;1,5\n")
    for text in ("one.csv is understood", "two.csv is understood", "odd.csv: 1 question is open"):
        await sees(user, text)
    user.find(marker="import-all").click()
    await sees(user, "one.csv: 1 reading taken")
    await sees(user, "two.csv: 1 reading taken")
    await sees(user, "odd.csv: 1 question is open")


def test_refused_rows_are_a_file_with_place_and_reason(
    service: MadeUpService, tmp_path: Path
) -> None:
    path = tmp_path / "odd.csv"
    path.write_bytes(GOOD + b'x,"H2",1\n')
    header, row = refused_csv(preview(path, service)).splitlines()
    assert header == "row,reason,original"
    assert row.startswith("3,") and row.endswith('"x,""H2"",1"')


async def test_an_import_is_undone_and_counts_again(user: User, service: MadeUpService) -> None:
    await user.open("/data")
    await sees(user, "march.csv: 96 readings taken")
    user.find(marker="undo-import").click()
    await sees(user, "Undo the import of march.csv?")
    user.find(kind=Tag, marker="sure", content="Undo").click()
    await sees(user, "march.csv: undone, nothing of it counts")
    assert service.corrections.import_undone_by("i1")
    user.find("Count again").click()
    await sees(user, "march.csv: 96 readings taken")
    assert not service.corrections.import_undone_by("i1")


async def test_sessions_of_chargers_are_understood_and_taken_too(
    user: User, service: MadeUpService
) -> None:
    rows = "1;LP1;19.05.2024 10:00;19.05.2024 12:00;7,5;2,25\n2;LP1;20.05.2024 10:00;;;\n"
    text = f"Ladevorgang;Ladepunkt;Start;Ende;Energie (kWh);Preis\n{rows}"
    await user.open("/data")
    await bring(user, "mai.csv", text.encode())
    await sees(user, "mai.csv: 1 question is open")
    await sees(user, "'Preis': the amount paid, or the price of a kWh?")
    choose(user, "doubt-0", "cost")
    await sees(user, "mai.csv is understood; some rows are not readable")
    await sees(user, "a charging network's sessions")
    user.find(marker="take-1").trigger("submit", {})
    await sees(user, "mai.csv: 1 row taken, 1 row refused")
    assert sum(service.positions("energyguard.sessions", LATEST).values()) == 1
