"""An alert as a row: a sentence with the device's name, where and since when, one button."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from energyguard.alerts.alert import Alert
from energyguard.alerts.flapping import FlappingAlerts
from energyguard.page.alerts.words import sentence, under
from energyguard.page.elements.components import Tag, button
from energyguard.page.frame.context import PageContext
from energyguard.page.frame.places import DevicePlace
from energyguard.page.words.formatting import mark
from energyguard.page.words.incidents import flaps_words
from energyguard.page.words.language import _
from energyguard.rules.rule import Rule


@dataclass(frozen=True, slots=True)
class AlertRow:
    """What a row of an alert shows; equal rows are not drawn again."""

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


def draw_alert(context: PageContext, row: AlertRow, chosen: str = "") -> None:
    """An alert as a sentence, its numbers, and one button."""
    with Tag("div", "", "alert chosen" if row.id == chosen else "alert"):
        Tag("span", row.shape, f"sev {row.kind}", aria_hidden="true")
        with Tag("div"):
            Tag("a", row.about, "about", href=alert_href(context, row.id))
            Tag("span", row.detail, "detail")
        if not row.taken and context.may("operate"):
            with Tag("div", "", "acts"):
                button(
                    _("Acknowledge"),
                    lambda: context.do(
                        lambda: context.cache.service.acknowledge(row.id, by=context.user),
                        _("You have it: {alert}").format(alert=row.about),
                    ),
                    about=f": {row.about}",
                    mark=f"take-{row.id}",
                )
