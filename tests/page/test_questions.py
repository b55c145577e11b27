"""What views ask of the history: what they need, and all of it at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from nicegui.testing import User, user_simulation

from energyguard.page.mount import add_pages
from energyguard.service.consumption.consumption import ConsumptionSums
from tests.application.service import MadeUpService
from tests.page.test_alerts_view import so
from tests.page.test_views import sees

WAIT_S = 20.0


@contextmanager
def answered_together(service: MadeUpService, questions: set[str], n: int) -> Iterator[list[str]]:
    """Let ``n`` questions of these names wait until all of them are under way; yields those that
    were.
    """
    asked: list[str] = []
    there, ask = threading.Barrier(n), service.query

    def query(name: str, **parameters: Any) -> Any:
        if name in questions and len(asked) < n:
            there.wait(WAIT_S)
            asked.append(name)
        return ask(name, **parameters)

    service.query = query  # type: ignore[method-assign]
    try:
        yield asked
    finally:
        there.abort()


@pytest.mark.parametrize(
    ("view", "questions", "n"),
    [
        (
            "/stations?station=Old Mill",
            {"station_span", "station_stays", "station_charges", "station_revenue", "station_day"},
            5,
        ),
        ("/building", {"series"}, 3),
    ],
)
async def test_questions_that_need_no_answer_of_another_are_asked_at_once(
    view: str, questions: set[str], n: int
) -> None:
    service = MadeUpService(floors=3)
    async with user_simulation() as user:
        add_pages(service)
        with answered_together(service, questions, n) as asked:
            await user.open(view)
            await so(lambda: len(asked) >= n)


async def test_sums_that_are_shown_of_all_alone_are_not_asked_of_each_site(
    user: User, service: MadeUpService, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, tuple[str, ...]]] = []
    of = ConsumptionSums.of

    def recorded(sums: ConsumptionSums, keys: Any, span: Any, *more: Any, **named: Any) -> Any:
        asked.append((span.unit, tuple(keys)))
        return of(sums, keys, span, *more, **named)

    monkeypatch.setattr(ConsumptionSums, "of", recorded)
    service.enter("site/lindenhof", name="Lindenhof")
    await user.open("/")
    await sees(user, "Lindenhof")
    await so(lambda: ("month", ("",)) in asked)
    assert {keys for unit, keys in asked if unit == "month"} == {("",)}
    assert any("site/lindenhof" in keys for _unit, keys in asked)
