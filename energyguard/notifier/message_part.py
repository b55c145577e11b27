"""A part of a message, which is an alert or an incident: as text, as a card, as a subject."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Final, NamedTuple

from energyguard.model.alerts import Severity
from energyguard.notifier.mail_html import card
from energyguard.notifier.subjects import subject_of
from energyguard.page.words.language import _


class Weight(IntEnum):
    """How much a part matters beside others."""

    OVER = 0
    INFO = 1
    WARNING = 2
    CRITICAL = 3


WEIGHTS: Final = {
    Severity.INFO: Weight.INFO,
    Severity.WARNING: Weight.WARNING,
    Severity.CRITICAL: Weight.CRITICAL,
}
_EDGES: Final = {
    Weight.OVER: "#3c8a52",
    Weight.INFO: "#4b97a2",
    Weight.WARNING: "#b87a00",
    Weight.CRITICAL: "#d0403a",
}


class MessagePart(NamedTuple):
    """An alert, or an incident, as a message says it.

    Attributes:
        site: its name; empty: it is of none, or of several.
        since_ms: since when.
        id: of the alert or the incident.
        headline: what happened, in a sentence.
        lines: what else is known.
        links: where ``open``, ``acknowledge`` and ``silence`` lead; none: nothing is to be done.
        subject: what happened, as short as a subject has to be.
        weight: how much it matters.
    """

    site: str
    since_ms: int
    id: str
    headline: str
    lines: Sequence[str]
    links: Mapping[str, str]
    subject: str
    weight: Weight

    @property
    def text(self) -> str:
        """All of it, for those who read no HTML."""
        return "\n".join((self.headline, *self.lines, *_link_lines(self.links)))

    @property
    def html(self) -> str:
        """All of it as a card of a mail."""
        names = {"open": _("Look at it"), "acknowledge": _("Acknowledge"), "silence": _("Silence")}
        links = [(names[name], link) for name, link in self.links.items()]
        return card(self.headline, self.lines, links, _EDGES[self.weight])


def title_of(parts: Sequence[MessagePart]) -> str:
    """The subject of a message; of several parts first what matters more, and what is newer."""
    if len(parts) == 1:
        (only,) = parts
        return f"{only.subject} · {only.site}" if only.site else only.subject
    ordered = sorted(parts, key=lambda part: (-part.weight, -part.since_ms))
    sites = dict.fromkeys(part.site for part in parts if part.site)
    return subject_of([part.subject for part in ordered], [*sites])


def _link_lines(links: Mapping[str, str]) -> Iterable[str]:
    if links:
        yield _("Open: {link}").format(link=links["open"])
        yield _("Acknowledge: {link}").format(link=links["acknowledge"])
        yield _("Silence: {link}").format(link=links["silence"])
