"""Whatever fits the building monitor's description is answered as it says; what does not, too."""

from __future__ import annotations

from typing import Any

import pytest
from schemathesis import GenerationMode

from energyguard.compat.building.coordinator import OPEN, build_building
from energyguard.compat.shapes import as_building
from tests.compat.described import check, operations_of
from tests.compat.doors import NODES, Nodes, Parts

pytestmark = pytest.mark.filterwarnings("ignore")
LABELS = (
    "GET /key/{key}",
    "PUT /key/{key}",
    "DELETE /key/{key}",
    "POST /batch",
    "POST /batch/get",
    "GET /health",
    "GET /sharding/info",
    "POST /sharding/add-node",
    "POST /sharding/remove-node",
    "POST /sharding/reconfigure",
    "GET /replica_nodes/{key}",
    "GET /admin/thresholds",
    "PUT /admin/thresholds",
    "GET /notifications",
    "GET /notifications/unread_count",
    "POST /notifications/mark_read",
    "POST /internal/broadcast",
)
ENDLESS = {"GET /anomalies/stream"}
ITEM_BY_ITEM = {"POST /batch"}
NOTHING_TO_GET_WRONG = {"GET /health"}


@pytest.fixture(scope="module")
def operations(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    parts = Parts(tmp_path_factory.mktemp("building"))
    app = build_building(
        parts.store,
        Nodes(*NODES),
        parts.versions,
        parts.clock,
        alerting=parts.alerting,
        broadcast_token=parts.token,
    )
    return operations_of(parts.guarded(app, as_building, OPEN), parts.token)


def test_the_document_has_every_verb(operations: dict[str, Any]) -> None:
    assert set(operations) == {*LABELS, *ENDLESS}


@pytest.mark.parametrize("label", LABELS)
def test_every_verb_is_as_described(operations: dict[str, Any], label: str) -> None:
    modes = [GenerationMode.POSITIVE] if label in NOTHING_TO_GET_WRONG else list(GenerationMode)
    check(operations[label], label in ITEM_BY_ITEM, modes)
