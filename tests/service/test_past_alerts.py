"""What is over is found in memory first, then in the history, without a seam."""

from __future__ import annotations

import pytest

from energyguard.alerts.book import AlertBook
from energyguard.errors import NotFound
from energyguard.model.alerts import State
from energyguard.service.alerts.past import AlertSearch, PastAlerts
from tests.application.history import OLD
from tests.application.service import MadeUpService
from tests.application.world import DAY, START


@pytest.fixture
def service() -> MadeUpService:
    return MadeUpService()


def past(service: MadeUpService) -> PastAlerts:
    return PastAlerts(service.book, service.query)


def test_pages_go_on_from_memory_into_the_history(service: MadeUpService) -> None:
    known = {alert.id for alert in service.book.find(State.RESOLVED)}
    assert len(known) == 3
    found: list[str] = []
    page = past(service).resolved(AlertSearch(), 2)
    while True:
        found += [alert.id for alert in page.alerts]
        if page.before_ms is None:
            break
        page = past(service).resolved(AlertSearch(), 2, page.before_ms)
    assert found[-1] == "old-alert"
    assert set(found[:-1]) == known
    assert len(found) == 4


def test_a_search_looks_at_sentences_names_and_places(service: MadeUpService) -> None:
    def ids(search: AlertSearch) -> set[str]:
        return {alert.device for alert in past(service).resolved(search, 50).alerts}

    assert ids(AlertSearch(text="h029 PASSED")) == {"H029"}
    assert ids(AlertSearch(text="H044")) == {"H044"}  # of the history
    assert ids(AlertSearch(text="the oven", named=frozenset({"H008"}))) == {"H008"}
    assert ids(AlertSearch(devices=frozenset())) == set()
    assert "H008" in ids(AlertSearch(severity="info"))
    assert "H029" not in ids(AlertSearch(severity="info"))


def test_an_old_alert_has_its_story(service: MadeUpService) -> None:
    alert, story = past(service).get("old-alert")
    assert (alert.about, alert.state, alert.since_ms) == (OLD, State.RESOLVED, START - 365 * DAY)
    assert [entry.at_ms - alert.since_ms for entry in story] == [60_000, 900_000]
    with pytest.raises(NotFound, match="nobody"):
        past(service).get("nobody")


def test_a_book_without_events_knows_only_the_history(service: MadeUpService) -> None:
    page = PastAlerts(AlertBook(), service.query).resolved(AlertSearch(), 10)
    assert [alert.id for alert in page.alerts] == ["old-alert"]
