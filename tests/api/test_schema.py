"""Whatever fits the API's own description is answered as it describes, and so is what does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import schemathesis
from schemathesis import GenerationMode

from energyguard.api.rest import build_api
from energyguard.service.service import EnergyService
from energyguard.settings.tree import Settings
from tests.application.catalogue import OwnedLog
from tests.application.client import serve_to_all
from tests.compat.described import check, operations_of
from tests.service.made import StandInHistory, alert_event, raise_alerts
from tests.waiting import until

pytestmark = pytest.mark.filterwarnings("ignore")
QUESTIONS = (
    "consumption",
    "readings",
    "top",
    "heatmap",
    "series",
    "window_sums",
    "totals",
    "trend",
)
DOCUMENT = json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_bytes())
LABELS = [
    f"{verb.upper()} {path}"
    for path, verbs in DOCUMENT["paths"].items()
    for verb in verbs
    if path != "/live"  # it never ends
]


@pytest.fixture(scope="module")
def operations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Of the API over a service that has one alert and one dead letter."""
    log, history = OwnedLog(), StandInHistory()
    history.answers = {name: pa.table({}) for name in QUESTIONS}
    folder: Path = tmp_path_factory.mktemp("api")
    with EnergyService(log, history, Settings(data_dir=folder)) as service:
        raise_alerts(log, alert_event())
        until(service.book.open)
        service.take_readings(b"bad,H001,0.1\n", "csv")
        api = build_api()
        serve_to_all(api, service)
        yield operations_of(api, token="the gate stands before the API, not in it")


@schemathesis.serializer("text/csv", "application/x-ndjson")  # type: ignore[untyped-decorator]
def _as_text(_: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.serializer("application/vnd.apache.arrow.stream")  # type: ignore[untyped-decorator]
def _as_bytes(_: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def test_the_document_has_every_route(operations: dict[str, Any]) -> None:
    assert set(operations) - {"GET /live"} == set(LABELS)


@pytest.mark.parametrize("label", LABELS)
def test_every_route_is_as_described(operations: dict[str, Any], label: str) -> None:
    check(operations[label], item_by_item=False, modes=list(GenerationMode))
