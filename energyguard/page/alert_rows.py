"""An alert as a row: a sentence, its numbers, one button."""

from __future__ import annotations

from dataclasses import dataclass

from energyguard.alerts.alert import Alert
from energyguard.page.components import Tag, button
from energyguard.page.context import PageContext
from energyguard.page.formatting import detail, mark
from energyguard.page.language import _


@dataclass(frozen=True, slots=True)
class AlertRow:
    """What a row of an alert shows; equal rows are not drawn again."""

    id: str
    about: str
    detail: str
    shape: str
    kind: str
    taken: bool

    @staticmethod
    def of(alert: Alert, zone: str) -> AlertRow:
        """The row of an alert."""
        shape, kind = mark(alert)
        taken = not alert.open or alert.held
        return AlertRow(alert.id, alert.about, detail(alert, zone), shape, kind, taken)


def draw_alert(context: PageContext, row: AlertRow, chosen: str = "") -> None:
    """An alert as a sentence, its numbers, and one button."""
    with Tag("div", "", "alert chosen" if row.id == chosen else "alert"):
        Tag("span", row.shape, f"sev {row.kind}", aria_hidden="true")
        with Tag("div"):
            Tag("a", row.about, "about", href=context.href("/alerts", alert=row.id))
            Tag("span", row.detail, "detail")
        if not row.taken:
            with Tag("div", "", "acts"):
                button(
                    _("Acknowledge"),
                    lambda: context.do(
                        lambda: context.cache.service.acknowledge(row.id, by=context.user),
                        _("You have it: {about}").format(about=row.about),
                    ),
                    about=f": {row.about}",
                    mark=f"take-{row.id}",
                )
