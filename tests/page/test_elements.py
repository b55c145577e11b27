"""The elements that all views are made of."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import pytest
from nicegui import Client, helpers, ui
from nicegui.page import page

from energyguard.page.elements.components import Tag
from energyguard.page.elements.ranking import Ranking
from energyguard.page.elements.signatures import expects_arguments, remember_signatures


class Handlers:
    def none(self) -> None: ...

    def one(self, event: object) -> None: ...

    def maybe(self, event: object = None, *more: object, **named: object) -> None: ...


@pytest.mark.parametrize(
    "handler",
    [
        Handlers().none, Handlers().one, Handlers().maybe, lambda: None, lambda event: None,
        functools.partial(Handlers().one, 1), [].append,
    ],
)  # fmt: skip
def test_what_a_handler_wants_is_answered_as_before(handler: Any) -> None:
    wanted = any(
        p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        for p in inspect.signature(handler).parameters.values()
    )
    assert [expects_arguments(handler), expects_arguments(handler)] == [wanted, wanted]


def test_methods_of_elements_are_inspected_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helpers, "expects_arguments", helpers.expects_arguments)
    remember_signatures()
    inspected: list[object] = []

    def signature(func: Any) -> inspect.Signature:
        inspected.append(func)
        return inspect.signature(func)

    monkeypatch.setattr("nicegui.helpers.functions.signature", signature)
    with Client(page("/elements"), request=None):
        ui.element("div")
        inspected.clear()
        ui.element("div")
    assert not inspected


def test_a_tag_is_sent_again_only_when_its_text_changes() -> None:
    with Client(page("/tag"), request=None) as client:
        tag = Tag("a", "one", "tab far tab", href="/x", aria_label="where")
    assert (tag.text, tag.classes, tag.props["href"]) == ("one", ["tab", "far"], "/x")
    assert tag.props["aria-label"] == "where"
    client.outbox.updates.clear()
    tag.text = "one"
    assert not client.outbox.updates
    tag.text = "two"
    assert client.outbox.updates == {tag.id: tag}


def test_a_bar_of_less_than_zero_goes_to_the_left_of_where_the_others_begin() -> None:
    with Client(page("/ranking"), request=None) as client:
        Ranking("none", lambda who: f"/{who}").show([("a", 3.0, "3"), ("b", -1.0, "−1")])
    bars = [e for e in client.elements.values() if "bar" in e.classes]
    assert [(dict(bar.style), bar.classes) for bar in bars] == [
        ({"display": "block", "width": "75%", "margin-left": "25%"}, ["bar"]),
        ({"display": "block", "width": "25%"}, ["bar", "below"]),
    ]
