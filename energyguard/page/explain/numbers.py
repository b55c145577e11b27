"""The number that is explained, and how sure it is."""

from __future__ import annotations

from energyguard.page.elements.components import Tag, card, restyle
from energyguard.page.frame.context import PageContext
from energyguard.page.measures.explained import WHOLE, bounds_words, part_percent
from energyguard.page.words.formatting import SPACE, count, money_in, number
from energyguard.page.words.language import _, ngettext
from energyguard.service.explain.contract import BoundedEnergy, EnergyExplanation


def energy_words(found: EnergyExplanation) -> str:
    """An energy, and what it costs where that is known: ``€6.73 for 22.86 kWh``."""
    kwh = f"{number(found.total.kwh, 4)}{SPACE}kWh"
    if found.bill is None:
        return kwh
    money = money_in(found.bill.total, found.bill.currency)
    return _("{money} for {kwh}").format(money=money, kwh=kwh)


class NumberCard:
    """The number, between which ones it surely is, and of how much of the time readings speak."""

    def __init__(self, context: PageContext) -> None:
        self.context = context
        with card(_("The number"), "c12") as self.note:
            with Tag("div", "", "explained"):
                with Tag("p", "", "big"):
                    self.value = Tag("span", "–")
                    self.unit = Tag("span", "kWh", "unit")
                with Tag("p", "", "how-sure"):
                    self.sure = Tag("strong", "")
                    self.doubt = Tag("span", "", "sub")
            self.presence = Tag("div", "", "presence", role="img")
            self.coverage = Tag("p", "", "sub small")

    def show(self, found: EnergyExplanation) -> None:
        """Show a number."""
        total = found.total
        self.value.text = number(total.kwh, 4)
        self.note.text = self._readings(found)
        self.sure.text = bounds_words(total._replace(covered_ms=None))
        self.doubt.text = _doubt(found)
        share = total.coverage
        self.coverage.text = "" if share is None else coverage_words(share)
        restyle(self.coverage, "tag ok" if share is not None and share >= WHOLE else "sub small")
        self._strip(found)

    @staticmethod
    def _readings(found: EnergyExplanation) -> str:
        words = ngettext("{n} reading", "{n} readings", found.readings)
        return words.format(n=count(found.readings)) if found.readings else ""

    def _strip(self, found: EnergyExplanation) -> None:
        """The time as a strip, with holes where nothing is known."""
        known = [step for step in found.steps if step.coverage is not None]
        self.presence.set_visibility(bool(known))
        if not known:
            return
        begin, end = found.total.start_ms, found.total.end_ms
        self.presence.clear()
        with self.presence:
            for step in known:
                _hole(step, begin, max(1, end - begin))
        self.presence._props["aria-label"] = self.coverage.text
        self.presence.update()


def _hole(step: BoundedEnergy, begin_ms: int, length_ms: int) -> None:
    """What of a step nothing speaks of, at its end."""
    lacking = step.end_ms - step.start_ms - (step.covered_ms or 0)
    if lacking <= 0:
        return
    left = (step.end_ms - lacking - begin_ms) / length_ms
    Tag("span", "", "gone").style(f"left:{left:.2%};width:{lacking / length_ms:.2%}")


def _doubt(found: EnergyExplanation) -> str:
    """Why it is not known more exactly, or that it is."""
    total = found.total
    if total.low is None or total.kwh is None:
        if found.is_detailed or not found.readings:
            return ""
        return _("too much to look at every entry: open a shorter time")
    if bounds_words(total._replace(covered_ms=None)):
        return _("surely between; the rest is of time of which no reading speaks, or in doubt")
    return _("surely that: no reading is in doubt")


def coverage_words(share: float) -> str:
    """Of how much of a time readings speak."""
    if share >= WHOLE:
        return _("✓ readings speak of all of the time")
    return _("readings speak of {share} of the time").format(share=part_percent(share))
