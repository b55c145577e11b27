"""Why an entry of the ledger is what it is, in the reader's language.

The history has the same in English (``ledger/evidence.py``); it is what is shown of a reason that
is not known here.
"""

from __future__ import annotations

from energyguard.model.quantities import NANO
from energyguard.page.words.formatting import SPACE, count, exact
from energyguard.page.words.language import _
from energyguard.page.words.lengths import duration
from energyguard.service.explain.contract import ExplainedEntry

MAX_DECIMALS = 9


def entry_kind(kind: str) -> str:
    """What an entry stands for."""
    words = {
        "first": _("first reading"),
        "interval": _("an amount, as sent"),
        "difference": _("difference"),
        "gap": _("difference over a gap"),
        "reset": _("began again at 0"),
        "rollover": _("ran past its last digit"),
        "swap": _("another meter, or set anew"),
        "dip": _("went down and came back"),
        "glitch": _("not plausible, set apart"),
        "correction": _("corrected by hand"),
    }
    return words.get(kind, kind)


def why_words(entry: ExplainedEntry) -> str:
    """What speaks for an entry's kind, in a sentence; empty where there is nothing to explain."""
    forms = {
        "plain": "",
        "unusual": _("{tenths} × the largest power of the 16 steps before"),
        "long": _("longer than three times the usual step of {duration}"),
        "returned": _("returned {energy}"),
        "open": _("the readings after it will show what it is"),
        "last_digit": _("lower by {energy}, no more than the last digit"),
        "fell": _("began again at 0 after {energy}"),
        "midnight": _("began again at 0 at midnight, after {energy}"),
        "new_day": _("a new day's count, after {energy}"),
        "since_midnight": _("a counter of today, at {energy}"),
        "digits": _("ran past its last digit: begins again at {energy}"),
        "step": _("the register went by {energy}, which no plausible power explains"),
        "restored": _("the register went on lower by {energy}"),
        "too_large": _("it would need {watts}"),
        "not_followed": _("the register went on at {energy}"),
        "beyond": _("more than it can show: it begins again at {energy}"),
    }
    if entry.evidence == "corrected":  # who said so, and why, stands beside the entries
        is_wrong = entry.start_ms == entry.end_ms and entry.number == round(entry.value * NANO)
        return _("it counts as never sent") if is_wrong else ""
    form = forms.get(entry.evidence)
    if form is None:
        return entry.why
    text = form.format(
        tenths=exact(entry.number / 10, 1),
        duration=duration(entry.number),
        energy=f"{register(entry.number / NANO)}{SPACE}kWh",
        watts=f"{count(entry.number)}{SPACE}W",
    )
    if entry.after_ms is None or entry.evidence not in ("returned", "not_followed"):
        return text
    return _("{text}, {duration} later").format(text=text, duration=duration(entry.after_ms))


def register(value: float) -> str:
    """A counter's value, with the decimals that it has."""
    places = next((n for n in range(MAX_DECIMALS) if round(value, n) == value), MAX_DECIMALS)
    return exact(value, places)
