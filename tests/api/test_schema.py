"""Whatever fits the API's own description is answered as it describes, and so is what does not."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode

from energyguard.api.rest import build_api
from energyguard.service.service import EnergyService
from energyguard.settings.tree import Settings
from energyguard.testing import MemoryLog
from tests.service.made import StandInHistory, alert_event, raise_alerts, until

pytestmark = pytest.mark.filterwarnings("ignore")
NOT_OURS = [
    schemathesis.checks.positive_data_acceptance,  # an alert named at random is not there
    schemathesis.checks.ignored_auth,  # the gate stands before the API, not in it
]
QUESTIONS = ("readings", "top", "heatmap", "series", "window_sums", "totals", "trend")


API = build_api()
with warnings.catch_warnings():  # its client for ASGI warns of its own dependencies
    warnings.simplefilter("ignore")
    SCHEMA = schemathesis.openapi.from_asgi("/openapi.json", API).exclude(path="/live")
OPERATIONS = [result.ok() for result in SCHEMA.get_all_operations()]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The API over a service that has one alert and one dead letter."""
    log, history = MemoryLog(), StandInHistory()
    history.answers = {name: pa.table({}) for name in QUESTIONS}
    folder: Path = tmp_path_factory.mktemp("api")
    with EnergyService(log, history, Settings(data_dir=folder)) as service:
        raise_alerts(log, alert_event())
        until(service.book.open)
        service.take_readings(b"bad,H001,0.1\n", "csv")
        API.state.service = service
        yield


@schemathesis.serializer("text/csv", "application/x-ndjson")  # type: ignore[untyped-decorator]
def _as_text(_: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.serializer("application/vnd.apache.arrow.stream")  # type: ignore[untyped-decorator]
def _as_bytes(_: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.label)
def test_every_route_is_as_described(operation: Any, served: None) -> None:
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
    def fits(case: Any) -> None:
        case.call_and_validate(excluded_checks=NOT_OURS)

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
    def does_not_fit(case: Any) -> None:
        case.call_and_validate(excluded_checks=NOT_OURS)

    fits()
    does_not_fit()
