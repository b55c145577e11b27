"""As known on an earlier day: a quiet field for it, and what is known otherwise now."""

from __future__ import annotations

from datetime import date

from energyguard.errors import Malformed
from energyguard.model.days import day_ms, local
from energyguard.page.elements.components import Tag
from energyguard.page.frame.context import PageContext
from energyguard.page.words.formatting import SPACE, moment, number
from energyguard.page.words.language import _
from energyguard.service.explain.contract import EnergyExplanation

NAME = "known"
"""In the address: a day, ISO 8601; what was known at its end is shown."""


def known_ms(context: PageContext, zone: str) -> int | None:
    """The end of the day that the address names; None: what is known now is wanted.

    Raises:
        Malformed: it is no day.
    """
    text = context.query.get(NAME, "")
    if not text:
        return None
    try:
        return day_ms(date.fromisoformat(text), zone)[1] - 1
    except (ValueError, OverflowError):
        raise Malformed(_("{text} is no day").format(text=text), NAME) from None


class KnownBar:
    """Picks the day, and says what was known otherwise; works without a script.

    Args:
        context: the open page; its address gets ``known``.
        zone: of its days.
        ms: by when what is shown was known; None: it is known now.
    """

    def __init__(self, context: PageContext, zone: str, ms: int | None) -> None:
        today = local(context.now_ms, zone).date().isoformat()
        day = context.query.get(NAME, "")
        with Tag("div", "", "known-then"):
            with Tag("form", "", "chips", method="get", action=context.view.path):
                for name, value in context.query.items():
                    if name != NAME:
                        Tag("input", type="hidden", name=name, **{"^value": value})
                with Tag("label", "", "chips sub"):
                    Tag("span", _("As known on"))
                    Tag("input", "", "field", type="date", name=NAME, required="", max=today,
                        **{"^value": day})  # fmt: skip
                Tag("button", _("Show"), "btn", type="submit")
                if ms is not None:
                    Tag("a", _("As known now"), "btn", href=context.href(known=""))
            self.words = Tag("p", "", "note", role="status")
        self.words.set_visibility(False)

    def show(self, found: EnergyExplanation) -> None:
        """Say what is known otherwise now."""
        self.words.set_visibility(found.as_known_ms is not None)
        if found.as_known_ms is not None:
            self.words.text = difference_words(found, found.as_known_ms)


def difference_words(found: EnergyExplanation, ms: int) -> str:
    """What was known at the end of a day against what is known now, in a sentence."""
    day = moment(ms, found.zone, "%-d %b %Y")
    change = found.change_kwh
    if found.now_kwh is None or change is None:
        return _("This was known at the end of {day}; now nothing counts here.").format(day=day)
    if not change:
        return _("This was known at the end of {day}, and is so now.").format(day=day)
    words = {"day": day}
    for name, kwh in (("now", found.now_kwh), ("change", abs(change))):
        words[name] = f"{number(kwh, 4)}{SPACE}kWh"
    form = (
        _("This was known at the end of {day}; now it is {now}: {change} more.")
        if change > 0
        else _("This was known at the end of {day}; now it is {now}: {change} less.")
    )
    return form.format(**words)
