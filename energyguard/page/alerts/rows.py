"""An alert as a row: a sentence with the device's name, where and since when, one button."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from energyguard.alerts.alert import Alert
from energyguard.alerts.flapping import FlappingAlerts
from energyguard.page.alerts.words import sentence, under
from energyguard.page.elements.components import Tag, button, name_of_row, restyle
from energyguard.page.elements.lists import SteadyRows
from energyguard.page.frame.context import PageContext
from energyguard.page.frame.places import DevicePlace
from energyguard.page.words.formatting import mark
from energyguard.page.words.incidents import flaps_words
from energyguard.page.words.language import _
from energyguard.rules.rule import Rule


@dataclass(frozen=True, slots=True)
class AlertRow:
    """What a row of an alert shows."""

    id: str
    about: str
    detail: str
    shape: str
    kind: str
    taken: bool
    quiet: bool = False

    @staticmethod
    def of(
        alert: Alert,
        place: DevicePlace,
        rule: Rule | None,
        now_ms: int | None = None,
        flaps: FlappingAlerts | None = None,
    ) -> AlertRow:
        """The row of an alert, with times of the device's site."""
        shape, kind = mark(alert)
        taken = not alert.open or alert.held
        about, below = sentence(alert, place, rule), under(alert, place, place.zone, now_ms)
        if flaps is not None:
            below = f"{flaps_words(flaps, place.zone)} · {below}"
        return AlertRow(alert.id, about, below, shape, kind, taken, alert.open and alert.held)


def alert_href(context: PageContext, alert_id: str, **kept: str) -> str:
    """The address of an alert's story."""
    return context.href(f"/alerts/{quote(alert_id, safe='')}", **kept)


class SeverityMark(Tag):
    """How bad it is, as a shape: a screen reader has it in words."""

    def __init__(self) -> None:
        super().__init__("span", "", "sev", aria_hidden="true")

    def show(self, shape: str, kind: str) -> None:
        """Show this shape, in the colour of its kind."""
        self.text = shape
        restyle(self, f"sev {kind}")


class AlertLine:
    """An alert as a sentence, its numbers, and one button while nobody has it."""

    def __init__(self, context: PageContext, row: AlertRow) -> None:
        self._context, self._row = context, row
        self._acts: Tag | None = None
        with Tag("div", "", "alert"):
            self._mark = SeverityMark()
            with Tag("div"):
                self._about = Tag("a", "", "about", href=alert_href(context, row.id))
                self._detail = Tag("span", "", "detail")
            if context.may("operate"):
                with Tag("div", "", "acts") as self._acts:
                    self._take = button(_("Acknowledge"), self._acknowledge, mark=f"take-{row.id}")

    def show(self, row: AlertRow) -> None:
        """Say how it stands now."""
        self._row = row
        self._mark.show(row.shape, row.kind)
        self._about.text, self._detail.text = row.about, row.detail
        if self._acts is not None:
            name_of_row(self._take, row.about)
            self._acts.set_visibility(not row.taken)

    async def _acknowledge(self) -> None:
        context, row = self._context, self._row
        await context.do(
            lambda: context.cache.service.acknowledge(row.id, by=context.user),
            _("You have it: {alert}").format(alert=row.about),
        )


def alert_lines(context: PageContext, empty: str) -> SteadyRows[AlertRow, AlertLine]:
    """A list of alerts, each with its button."""
    return SteadyRows(lambda row: row.id, lambda row: AlertLine(context, row), empty)
