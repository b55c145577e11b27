"""Whatever fits the measurement store's description is answered as it says; what does not, too."""

from __future__ import annotations

from typing import Any

import pytest
from schemathesis import GenerationMode

from energyguard.compat.measurements.alarms import AlertBody
from energyguard.compat.measurements.door import OPEN, build_measurements
from energyguard.compat.shapes import as_measurements
from tests.compat.described import check, operations_of
from tests.compat.doors import NODES, Nodes, Parts

pytestmark = pytest.mark.filterwarnings("ignore")
LABELS = (
    "GET /",
    "POST /ingest",
    "POST /ingest/bulk",
    "GET /measurement/{key}",
    "DELETE /delete/{key}",
    "POST /set_threshold",
    "GET /alerts",
    "GET /measurements",
    "GET /sensor/{id}/history",
    "GET /sensor/{id}/statistics",
    "GET /nodes_status",
    "POST /configure_replication",
    "POST /fail_node/{id}",
    "POST /recover_node/{id}",
    "GET /replica_nodes/{key}",
)
ITEM_BY_ITEM = {"POST /ingest/bulk"}
NOTHING_TO_GET_WRONG = {"GET /"}


@pytest.fixture(scope="module")
def operations(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    parts = Parts(tmp_path_factory.mktemp("measurements"))

    async def heard(_: AlertBody) -> None:
        """Nobody else wants to know."""

    app = build_measurements(parts.store, Nodes(*NODES), parts.versions, heard, parts.clock)
    return operations_of(parts.guarded(app, as_measurements, OPEN), parts.token)


def test_the_document_has_every_verb(operations: dict[str, Any]) -> None:
    assert set(operations) == set(LABELS)
    for one in operations.values():
        assert {"200", "400", "503"} < one.definition.raw["responses"].keys()
        assert "422" not in one.definition.raw["responses"]


@pytest.mark.parametrize("label", LABELS)
def test_every_verb_is_as_described(operations: dict[str, Any], label: str) -> None:
    modes = [GenerationMode.POSITIVE] if label in NOTHING_TO_GET_WRONG else list(GenerationMode)
    check(operations[label], label in ITEM_BY_ITEM, modes)
