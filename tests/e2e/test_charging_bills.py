"""Signals of chargers as people have them, posted to the roles of `up`: what is paid in the end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import openpyxl
import pytest

from tests.e2e.meters import free_port
from tests.e2e.processes import answers, roles
from tests.waiting import until

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CASES = Path(__file__).parents[1] / "cases" / "charging"
Paid = list[tuple[float, float]]  # kWh, and the amount, in order of time
REAL_PACE = ("charging.hour=1h", "charging.before=10m", "charging.after=6m")
AS_SIMULATED: tuple[str, ...] = ()
BILLS: Mapping[tuple[str, ...], Mapping[str, Paid]] = {
    REAL_PACE: {
        "s07_offline_queue": [(11.0, 5.5)],
        "s08_tariff_change": [(44.0, 13.2)],
        "s10_rfid": [(11.0, 5.5)],
        "s11_no_parking_sensor": [(11.0, 5.5)] * 3,
        "s13_7_4kw": [(7.4, 3.7)],
    },
    AS_SIMULATED: {"s22_iso": [(11.0, 5.5)]},
}
NEIGHBOURS = range(3, 13)
"""By hundreds: a charger's partition is its number modulo 100."""


def signals(case: str, number: int) -> str:
    """A case at chargers of its own: those of one case share no partition with another's."""
    text = (CASES / f"{case}.jsonl").read_text()
    text = text.replace('"charger-8"', f'"charger-{number + 50}"')
    return text.replace('"charger-7"', f'"charger-{number}"')


def neighbours(case: str, number: int) -> str:
    """Ten plain charges in the same partition, and one three hours later."""
    plain = "s22_iso" if case == "s22_iso" else "s10_rfid"
    bodies = [signals(plain, 100 * n + number) for n in NEIGHBOURS]
    bodies.append(signals(plain, 100 * NEIGHBOURS.stop + number).replace(" 10:", " 13:"))
    return "".join(bodies)


@pytest.mark.parametrize(
    "pace",
    [pytest.param(pace, marks=pytest.mark.slow if n else ()) for n, pace in enumerate(BILLS)],
    ids=["real", "as-simulated"],
)
def test_each_is_billed_rightly_alone_and_beside_neighbours(
    pace: tuple[str, ...], browser: Browser, tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{(port := free_port())}"
    more = (f"serve.port={port}", *pace)
    with (
        roles(tmp_path / "data", "sessions", "history", "serve", more=more) as running,
        httpx.Client(base_url=f"{url}/api/v1", trust_env=False, timeout=60.0) as http,
    ):
        until(lambda: answers(url))
        cases = list(enumerate(BILLS[pace].items(), 11))
        for number, (case, _) in cases:
            post(http, signals(case, number))
        alone = {f"charger-{number}": bills for number, (_, bills) in cases}
        assert_paid(http, alone)
        for number, (case, _) in cases:  # the same again where others are, and are further on
            post(http, neighbours(case, number))
            post(http, "".join(reversed(signals(case, 200 + number).splitlines(keepends=True))))
        beside = {f"charger-{200 + number}": bills for number, (_, bills) in cases}
        assert_paid(http, alone | beside)
        if pace is REAL_PACE:
            sheet = downloaded_month(browser, f"{url}/stations", tmp_path)
            rows = {(row["charger"], row["kwh"], row["eur"]) for row in sheet}
            wanted = alone | beside
            assert rows >= {(name, *bill) for name, bills in wanted.items() for bill in bills}
        for role in running:
            role.stop()


def downloaded_month(browser: Browser, stations: str, folder: Path) -> list[dict[str, Any]]:
    """The month's sessions as a workbook, by a click on the page: its rows by their heads."""
    page = browser.new_page()
    page.goto(f"{stations}?month=2024-05")
    with page.expect_download() as coming:
        page.get_by_role("link", name="as XLSX").click()
    path = folder / coming.value.suggested_filename
    coming.value.save_as(path)
    page.close()
    assert path.suffix == ".xlsx"
    heads, *rows = openpyxl.load_workbook(path).active.values
    return [dict(zip(heads, row, strict=True)) for row in rows]


def post(http: httpx.Client, body: str) -> None:
    receipt = http.post("/readings", content=body.encode()).raise_for_status().json()
    assert receipt["accepted"] == len(body.splitlines()), receipt


def assert_paid(http: httpx.Client, wanted: Mapping[str, Paid]) -> None:
    """Each of these chargers comes to its bills, and stays at them."""
    until(lambda: paid(http, wanted) == wanted, f"{wanted}; there is {paid(http, wanted)}")


def paid(http: httpx.Client, chargers: Iterable[str]) -> dict[str, Paid]:
    answer = http.get("/stations/charging-sessions", params={"month": "2024-05"})
    found: dict[str, Paid] = defaultdict(list)
    if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:  # the history is not there yet
        return found
    for row in answer.raise_for_status().json():
        assert row["currency"] == "EUR"
        if row["charger"] in chargers:
            found[row["charger"]].append((row["kwh"], row["eur"]))
    return found
