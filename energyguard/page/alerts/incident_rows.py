"""The rows of the list: an alert, and silences of one cause as one row, which opens."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

from energyguard.alerts.alert import Alert
from energyguard.alerts.incidents import Incident, incidents
from energyguard.catalogue import Catalogue
from energyguard.page.alerts.rows import AlertRow, SeverityMark
from energyguard.page.elements.components import Tag, restyle
from energyguard.page.elements.lists import SteadyRows
from energyguard.page.words.formatting import count, mark
from energyguard.page.words.incidents import silence_words
from energyguard.page.words.language import ngettext

ListedAlert = tuple[AlertRow, bool, bool]
"""A row, whether it can be picked, and whether it is."""


class IncidentRow(NamedTuple):
    """What a row of an incident shows."""

    id: str
    about: str
    detail: str
    shape: str
    kind: str
    parts: tuple[ListedAlert, ...]


ListedRow = ListedAlert | IncidentRow


def folded(
    alerts: Sequence[Alert], catalogue: Catalogue, row: Callable[[Alert], ListedAlert]
) -> list[ListedRow]:
    """The rows of alerts: an incident stands where the first of its alerts does.

    Args:
        alerts: in their order.
        catalogue: where devices stand.
        row: makes the row of an alert.
    """
    part_of = {part: made for made in incidents(alerts, catalogue) for part in made.alerts}
    rows: dict[str, ListedRow] = {}
    for alert in alerts:
        if (incident := part_of.get(alert.id)) is None:
            rows[alert.id] = row(alert)
        elif incident.id not in rows:
            parts = [other for other in alerts if part_of.get(other.id) is incident]
            rows[incident.id] = _of(incident, parts, catalogue, row)
    return list(rows.values())


def _of(
    incident: Incident,
    parts: Sequence[Alert],
    catalogue: Catalogue,
    row: Callable[[Alert], ListedAlert],
) -> IncidentRow:
    shape, kind = mark(parts[0])
    n = len(parts)
    return IncidentRow(
        incident.id,
        silence_words(incident, len(incident.devices), catalogue),
        ngettext("{n} alert", "{n} alerts", n).format(n=count(n)),
        shape,
        kind,
        tuple(row(part) for part in parts),
    )


def listed_key(item: ListedRow) -> Hashable:
    """What identifies a row, and whether it can be picked: that is drawn otherwise."""
    if isinstance(item, IncidentRow):
        return item.id, any(several for _row, several, _picked in item.parts)
    row, several, _picked = item
    return row.id, several


class ListedLine:
    """An alert in the list: a sentence that leads to its story, or a box to pick it.

    Args:
        item: what it shows first.
        is_chosen: whether its story stands beside the list.
        href: the address of an alert's story, as the list is filtered now.
        pick: is told when somebody picks it, or no longer.
    """

    def __init__(
        self,
        item: ListedAlert,
        is_chosen: bool,
        href: Callable[[str], str],
        pick: Callable[[str], object],
    ) -> None:
        row, several, _picked = item
        self._here, self._href = " chosen" * is_chosen, href
        self._box: Tag | None = None
        self._line = Tag("div", "", f"alert{self._here}", data_alert=row.id)
        with self._line:
            if several:
                self._box = Tag("input", "", "tick", type="checkbox").mark(f"tick-{row.id}")
                self._box.on("change", lambda _event: pick(row.id))
            else:
                self._mark = SeverityMark()
            with Tag("div"):
                here_now = {"aria_current": "true"} if is_chosen else {}
                self._link = Tag("a", "", "about", href=href(row.id), **here_now)
                with self._link:
                    self._sentence = Tag("span", "", "sentence")
                    self._detail = Tag("span", "", "detail")

    def show(self, item: ListedAlert) -> None:
        """Say how it stands now."""
        row, _several, picked = item
        restyle(self._line, f"alert{' quiet' * row.quiet}{self._here}")
        if self._box is None:
            self._mark.show(row.shape, row.kind)
        else:
            self._box.attribute("aria-label", row.about)
            self._box.attribute("checked", "checked" if picked else None)
        self._link.attribute("href", self._href(row.id))
        self._sentence.text, self._detail.text = row.about, row.detail


class IncidentLine:
    """An incident in the list; its alerts are below it when it is open.

    Args:
        item: what it shows first.
        is_open: whether it is open when it is drawn.
        toggle: is told when somebody opens or closes it.
        draw: draws an alert of it.
    """

    def __init__(
        self,
        item: IncidentRow,
        is_open: bool,
        toggle: Callable[[], object],
        draw: Callable[[ListedAlert], ListedLine],
    ) -> None:
        opened = {"open": "open"} if is_open else {}
        with Tag("details", "", "incident", data_incident=item.id, **opened):
            with Tag("summary", "", "alert") as head:
                self._mark = SeverityMark()
                with Tag("div"):
                    self._about = Tag("span", "", "sentence")
                    self._detail = Tag("span", "", "detail")
            head.on("click", lambda _event: toggle())
            self._parts: SteadyRows[ListedAlert, ListedLine] = SteadyRows(listed_key, draw, "")

    def show(self, item: IncidentRow) -> None:
        """Say how it stands now, and its alerts."""
        self._mark.show(item.shape, item.kind)
        self._about.text, self._detail.text = item.about, item.detail
        self._parts.show(item.parts)
