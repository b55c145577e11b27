"""Near misses of headers: what a column counts is never guessed, so nothing below them is taken."""

from __future__ import annotations

import pytest

from energyguard.codecs.formats import decode

ROWS = b"2026-03-02T10:00:00Z,H1,45\n2026-03-02T10:00:15Z,H1,46\n"
NEAR_MISSES = (
    "timestamp,household_id,energy_kw",
    "timestamp,household id,energy_kwh",
    "timestamp,household_id,energy(kwh)",
    "timestamp,household_id,1kwh",
    "timestamp,household_id,+kwh",
    "timestamp,household_id,.wh",
    "timestamp,household_id,-",
    "timestamp,household_id,",
    "timestamp,,energy_wh",
    "time,2nd meter,energy_wh",
    "#timestamp,household_id,energy_wh",
    "ts,meter,wh",
    "Zeitstempel,Zähler,Wh",
    "An export of March\nts,meter,wh",
)


@pytest.mark.parametrize("header", NEAR_MISSES)
@pytest.mark.parametrize("shape", [None, "csv"])
def test_a_near_miss_refuses_all_rows(header: str, shape: str | None) -> None:
    data = header.encode() + b"\n" + ROWS
    _, decoded = decode(data, shape, device="somebody")
    (refused,) = decoded.refused
    assert decoded.batch.num_rows == 0
    assert (refused.field, refused.original) == ("header", data)
    assert header.rpartition("\n")[2].lower()[:20] in refused.reason


@pytest.mark.parametrize(
    "line",
    [
        "bad",
        "?",
        "x,H1,0.1",
        "2026-13-45T99:00:00Z,H1,x",
        "2026-03-02,H1",
        "10:00 o'clock,H1,x",
        "x,H1,1e3",
    ],
)
def test_a_bad_first_row_is_no_header(line: str) -> None:
    _, decoded = decode(line.encode() + b"\n" + ROWS)
    (refused,) = decoded.refused
    assert (refused.row, decoded.batch.num_rows) == (1, 2)


def test_a_known_header_below_a_title_that_nobody_knows_counts() -> None:
    _, decoded = decode(b"An export of March\ntime,meter,energy_wh\n" + ROWS)
    assert [refused.row for refused in decoded.refused] == [1]
    assert decoded.batch.column("value").to_pylist() == [45_000_000, 46_000_000]
