"""A device's windows against a rule: the sums, the threshold, what is usual, and a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from energyguard.model.quantities import NANO
from energyguard.page.elements.components import Tag, choice
from energyguard.page.elements.plots import Data, Plot, limit_line, line
from energyguard.page.frame.context import PageContext
from energyguard.page.measures.baseline import usual_sum, usual_sums
from energyguard.page.measures.limits import profile_of
from energyguard.page.words.formatting import SPACE, amount, moment, number
from energyguard.page.words.language import _
from energyguard.page.words.lengths import duration
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.profile.calendar import HALF_HOUR_MS

_RED = {
    False: _("red: above the limit"),
    True: _("red: below the limit; a window that lacks readings raises nothing"),
}


class RuleChart:
    """The chart, and a choice of the rule.

    Args:
        context: the open page; its query names a ``rule``.
        rules: those that may be chosen; at least one.
        note: says which rule it is.
    """

    def __init__(self, context: PageContext, rules: Sequence[ThresholdRule], note: Tag) -> None:
        self.context, self.cache, self.note = context, context.cache, note
        wanted = context.query.get("rule")
        self.rule = next((rule for rule in rules if rule.id == wanted), rules[0])
        self.newest_ms = 0  # the end of the newest window shown
        self.band: Data | None = None
        if len(rules) > 1:
            options = [(rule.id, context.href(rule=rule.id), rule is self.rule) for rule in rules]
            choice(_("Rule"), options, small=True)
        self.sentence = Tag("p", "", "sub").mark("window sum")
        self.plot = Plot("line", _("Window sum against its limit"), 260)

    async def show(self, device: str) -> None:
        """The window sums of a device: whole at first and each half-hour, then their newest end."""
        found = self.cache.service.rules.get(self.rule.id)
        rule = found if isinstance(found, ThresholdRule) else self.rule
        span, (start, end) = self.context.span, self.cache.borders(self.context.span)
        band = await self._usual(device, rule, start, end)
        whole = not self.newest_ms or (rule, band) != (self.rule, self.band)
        self.rule, self.band = rule, band
        since, keep_s = (start, span.keep_s) if whole else (self.newest_ms, 1.5)
        furthest = min if rule.is_below else max
        xs, ys = await self.cache.sums(
            device, rule.window_ms, rule.slide_ms, since, end, keep_s, furthest
        )
        if whole:
            more = limit_line(rule.level, "kWh", rule.is_below) | ({"band": band} if band else {})
            self.plot.show(line(start, end, xs, ys, "kWh", self.context.zone, **more))
        else:
            self.plot.push(start, end, xs, ys)
        self.newest_ms = xs[-1] if xs else 0
        sums = _("sums of {window}").format(window=duration(rule.window_ms))
        parts = [sums, rule.id, _(_RED[rule.is_below]), *[_("pale: usual")] * (band is not None)]
        self.note.text = " · ".join(parts)
        self.sentence.text = self._sentence(device, xs, ys, rule.level / NANO)
        self.plot.say(self.sentence.text)

    async def _usual(self, device: str, rule: ThresholdRule, start: int, end: int) -> Data | None:
        """The band of what was learned; the same until the half-hour is over, or more is known."""
        for channel in rule.channels:
            profile = await profile_of(self.cache, device, channel)
            if profile is not None:
                first, last = (at - at % HALF_HOUR_MS for at in (start, end + HALF_HOUR_MS))
                return usual_sums(profile, rule.window_ms, first, last)
        return None

    def _sentence(self, device: str, xs: list[int], ys: list[float], limit: float) -> str:
        if not xs:
            return _("{name}: nothing was measured in this time.").format(name=device)
        beyond = limit - ys[-1] if self.rule.is_below else ys[-1] - limit
        words = _("{name} used {value} in the {window} up to {time}: within the limit of {limit}.")
        if beyond > 0 and self.rule.is_below:
            words = _(
                "{name} used {value} in the {window} up to {time}: {far} below the limit of "
                "{limit}."
            )
        elif beyond > 0:
            words = _(
                "{name} used {value} in the {window} up to {time}: {far} above the limit of "
                "{limit}."
            )
        words = words.format(
            name=device,
            value=f"{number(ys[-1], 4)}{SPACE}kWh",
            window=duration(self.rule.window_ms),
            time=moment(xs[-1], self.context.zone, "%H:%M:%S"),
            far=f"{number(beyond, 3)}{SPACE}kWh",
            limit=amount(self.rule.level, "kWh"),
        )
        if usual := usual_sum(self.band, xs[-1]) if self.band else None:
            low, high = usual
            usually = f"{number(low)}–{number(high)}{SPACE}kWh"
            words += " " + _("Usual: {range}.").format(range=usually)
        return words
