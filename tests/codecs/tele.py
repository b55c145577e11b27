"""A dialect whose objects do not name their device: the place does, ``tele/DEVICE/SENSOR``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa
import pytest

from energyguard.codecs import headers, sources
from energyguard.codecs.columns import (
    ISO_TIME,
    NUMBER,
    ColumnLayout,
    TableReadings,
    all_named,
    milliseconds,
    readings_of,
)
from energyguard.codecs.dialect import Dialect
from energyguard.codecs.text import json_fast_path
from energyguard.domain import Domain, installed


def _readings(table: pa.Table, device: str) -> list[TableReadings]:
    time = milliseconds(table.column("time"))
    named = all_named(device, table.num_rows)
    return [readings_of(table, "watts", "power_kw", named, time, per=1_000)]


TELE = Dialect(
    name="tele",
    layout=ColumnLayout(
        "json", {"time": ISO_TIME, "watts": NUMBER}, _readings, "time", needs_device=True
    ),
    fields=("watts",),
    path=r"tele[/.](?P<device>[^/.]+)(?:[/.]SENSOR)?",
    example=b'{"time":"2026-03-02T10:00:00Z","watts":12}\n',
)
OTHER = replace(TELE, name="other", fields=(), path=r"(?P<device>tele)/[^/]+/SENSOR")


def _forget() -> None:
    for cache in (
        headers.known, headers.layout_of, json_fast_path._layout_of, sources.device_in,
    ):  # fmt: skip
        cache.cache_clear()


@pytest.fixture
def tele(monkeypatch: pytest.MonkeyPatch) -> Iterator[Dialect]:
    """The dialect, installed."""
    domain = Domain(name="tele", dialects=("tests.codecs.tele:TELE",))
    found = (*installed(), domain)
    monkeypatch.setattr(headers, "installed", lambda: found)
    _forget()
    yield TELE
    monkeypatch.undo()
    _forget()
