"""A route as a form: by which service, with its few fields; of what, where, and when."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from nicegui import ui

from energyguard.errors import EnergyGuardError, Rejected
from energyguard.page.elements.components import Tag
from energyguard.page.elements.controls import sheet
from energyguard.page.elements.forms import Form, Values
from energyguard.page.frame.context import PageContext
from energyguard.page.notifications.words import FIELDS, REPORTS, SEVERITIES, service_words
from energyguard.page.rules.fields import choices_of
from energyguard.page.words.faults import field_words
from energyguard.page.words.language import LANGUAGES, _, current
from energyguard.service.notify.contract import RouteFields, RouteView, ServiceFields

AS_IT_IS: Final = ""
"""The service of a route whose address stays."""
USUAL_PER_HOUR: Final = "20"


class RouteForm:
    """A form in a sheet; it is there while somebody fills it in.

    Args:
        context: the open page.
        route: that is changed; None: a new one.
        done: called when it was saved, with its name.
    """

    def __init__(
        self,
        context: PageContext,
        route: RouteView | None,
        done: Callable[[str], Awaitable[object]],
    ) -> None:
        self._context, self._service, self._done = context, context.cache.service, done
        self._route, self._offered = route, self._service.routes.services()
        self._of_service: dict[str, Tag] = {}
        title = _("Change {name}").format(name=route.id) if route else _("Tell somebody")
        with sheet(title, "route-title") as self.dialog:
            self.form = Form("route", self._send)
            with self.form:
                self._draw(route)
                self.form.acts(_("Save"), self.dialog.close)
        self.dialog.on("hide", self.dialog.delete)
        self.form.on_change(self._chosen)
        self._show(self._first)

    @property
    def _first(self) -> str:
        return AS_IT_IS if self._route else self._offered[0].service

    def _draw(self, route: RouteView | None) -> None:
        form = self.form
        with Tag("div", "", "rule-fields"):
            if route is None:
                form.text("name", _("Name"), hint=_("such as oncall"), maxlength="60")
            options = [(offer.service, service_words(offer.service)) for offer in self._offered]
            if route is not None:
                stays = _("as it is: {where}").format(where=route.to or route.how)
                options = [(AS_IT_IS, stays), *options]
            form.choose("service", _("How"), options, self._first)
        for n, offer in enumerate(self._offered):
            with Tag("div", "", "rule-fields") as box:
                self._draw_service(n, offer)
            self._of_service[offer.service] = box
        with Tag("div", "", "rule-fields"):
            self._draw_filter(route)

    def _draw_service(self, n: int, offer: ServiceFields) -> None:
        """The fields of a service: they are there, and hidden, while another one is chosen."""
        for field in offer.fields:
            example = _("such as {example}").format(example=field.example) if field.example else ""
            may = "" if field.is_needed else _("may be empty")
            secret = {"type": "password", "autocomplete": "new-password"} if field.is_secret else {}
            self.form.text(
                f"{n}.{field.name}", _(FIELDS[field.name]), maxlength="2000", spellcheck="false",
                hint="; ".join(filter(None, (may, example))), **secret,
            )  # fmt: skip

    def _draw_filter(self, route: RouteView | None) -> None:
        form = self.form
        reports = [(str(kind), _(words)) for kind, words in REPORTS.items()]
        form.choose("report", _("What"), reports, route.report if route else "")
        severities = [(str(severity), _(words)) for severity, words in SEVERITIES.items()]
        form.choose("severity", _("Of what"), severities, route.severity if route else "")
        hint = _("such as site=home kind=meter; empty: all devices")
        chosen = route.selector if route else ""
        form.text("selector", _("Where"), chosen, hint, maxlength="500", spellcheck="false")
        form.pick("selector", _("Add to the devices"), choices_of(self._service))
        rules = [("", _("all rules")), *((r.id, r.id) for r in self._service.rules.all())]
        form.choose("rule", _("Of which rule"), rules, route.rule if route else "")
        form.text(
            "hours", _("Only in these hours"), route.hours if route else "",
            _("such as mon-fri 07:00-18:00; empty: always"), maxlength="200",
        )  # fmt: skip
        form.text(
            "quiet", _("Quiet hours"), route.quiet if route else "",
            _("such as 22:00-06:30: what is not urgent waits until they end"), maxlength="200",
        )  # fmt: skip
        form.text(
            "unanswered_min", _("Only when nobody has acknowledged for"),
            str(route.unanswered_min or "") if route else "", _("minutes; empty: at once"),
            inputmode="numeric",
        )  # fmt: skip
        form.text(
            "per_hour", _("Messages an hour"), str(route.per_hour) if route else USUAL_PER_HOUR,
            _("with more, one each ten minutes has them all"), inputmode="numeric",
        )  # fmt: skip
        spoken = route.language if route else current().language
        form.choose("language", _("Language"), list(LANGUAGES.items()), spoken)

    async def _chosen(self, values: Values) -> None:
        self._show(values.get("service", AS_IT_IS))

    def _show(self, service: str) -> None:
        for name, box in self._of_service.items():
            box.set_visibility(name == service)

    def _fields(self, values: Values) -> RouteFields:
        service = values.get("service", AS_IT_IS)
        names = [offer.service for offer in self._offered]
        prefix = f"{names.index(service)}." if service else "-"
        return RouteFields(
            severity=values["severity"], selector=values["selector"], rule=values["rule"],
            hours=values["hours"], quiet=values["quiet"],
            unanswered_min=_whole(values, "unanswered_min", "0"),
            per_hour=_whole(values, "per_hour", USUAL_PER_HOUR),
            language=values["language"], report=values["report"], service=service,
            entered={
                name.removeprefix(prefix): text
                for name, text in values.items()
                if name.startswith(prefix)
            },
        )  # fmt: skip

    async def _send(self, values: Values) -> None:
        name = self._route.id if self._route else values["name"].lower()
        page, by = ui.context.client, self._context.user
        try:
            fields = self._fields(values)
            if self._route is None and name in {view.id for view in self._service.routes.all()}:
                raise Rejected(
                    _("there is one of this name; change that, or write another"), "name"
                )
            await asyncio.to_thread(self._service.routes.put, name, fields, by)
        except EnergyGuardError as error:
            with page:
                self.form.blame({self._place(error, values): field_words(error)})
            return
        with page:
            self.dialog.close()
            await self._done(name)

    def _place(self, error: EnergyGuardError, values: Values) -> str:
        """The field of the form that a fault is about."""
        field = (error.field if isinstance(error, Rejected) else "") or ""
        for n, offer in enumerate(self._offered):
            names = [known.name for known in offer.fields]
            if offer.service == values.get("service") and names:
                if field in names:
                    return f"{n}.{field}"
                if field == "address":  # what was made of the fields is none
                    return f"{n}.{'server' if 'server' in names else names[-1]}"
        return field


def _whole(values: Values, name: str, empty: str) -> int:
    """A whole number that was typed.

    Raises:
        Rejected: it is none.
    """
    text = values.get(name) or empty
    if not text.isdecimal():
        raise Rejected(f"not a whole number: {text}", name)
    return int(text)
