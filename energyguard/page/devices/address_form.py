"""The address of a device that is asked: it goes into the lines, and is asked once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from nicegui import ui

from energyguard.errors import Malformed
from energyguard.page.elements.components import Tag
from energyguard.page.elements.forms import Form, Values
from energyguard.page.frame.context import PageContext
from energyguard.page.words.formatting import measured
from energyguard.page.words.language import _
from energyguard.page.words.readings import level_words
from energyguard.service.intake.polled import PolledKind, ask_once

MAX_VALUES: Final = 6


class DeviceAddress:
    """A form for an address, and what answers there.

    Args:
        context: the open page; only who may do everything has the device asked.
        kind: what is at the address.
        put: called with the address, as it stands in a file.
    """

    def __init__(
        self, context: PageContext, kind: PolledKind, put: Callable[[str], object]
    ) -> None:
        self._context, self._kind, self._put = context, kind, put
        self._asks = is_full_admin(context) and kind.can_be_tried
        form = self._form = Form("asked", self._sent)
        with form:
            hint = _("as your network knows it, such as {example}").format(example=kind.example)
            form.text("address", _("Its address"), "", hint, required="required", maxlength="200",
                      inputmode="url", autocapitalize="none", spellcheck="false")  # fmt: skip
            form.acts(_("Ask it") if self._asks else _("Put it into the lines"))
        self._answer = Tag("div", "", "answers", role="status")

    async def _sent(self, values: Values) -> None:
        try:
            address = self._kind.address(values.get("address", ""))
        except Malformed as error:
            self._form.blame({"address": error.reason})
            return
        self._put(address)
        if not self._asks:
            return
        page = ui.context.client
        self._say(_("Asking {address} …").format(address=address), "sub")
        service = self._context.cache.service
        service.audit.note("device asked", self._context.user, f"{self._kind.name} {address}")
        tried = await ask_once(self._kind, address, service.settings)
        with page:
            if tried.fault:
                self._say(_("It does not answer: {reason}").format(reason=tried.fault), "fault")
            elif not tried.values:
                self._say(_("It answers, and measures nothing that is kept."), "fault")
            else:
                self._show([
                    f"{level_words(value.channel)}: {measured(float(value.value), value.unit)}"
                    for value in tried.values
                ])  # fmt: skip

    def _say(self, words: str, kind: str) -> None:
        self._answer.clear()
        with self._answer:
            Tag("p", words, kind)

    def _show(self, values: list[str]) -> None:
        self._answer.clear()
        with self._answer:
            Tag("p", _("It answers. Nothing was kept; the lines below have it asked."), "sub")
            with Tag("ul", "", "plain"):
                for text in values[:MAX_VALUES]:
                    Tag("li", text)


def is_full_admin(context: PageContext) -> bool:
    """Whether who looks may do everything, at all sites."""
    return context.may("admin") and not context.caller.sites
