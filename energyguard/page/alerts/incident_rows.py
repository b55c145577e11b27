"""Silences of one cause as one row of the list, which opens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from energyguard.alerts.alert import Alert
from energyguard.alerts.incidents import Incident, incidents
from energyguard.catalogue import Catalogue
from energyguard.page.alerts.rows import AlertRow
from energyguard.page.elements.components import Tag
from energyguard.page.words.formatting import count, mark
from energyguard.page.words.incidents import silence_words
from energyguard.page.words.language import ngettext

ListedAlert = tuple[AlertRow, bool, bool]
"""A row, whether it can be picked, and whether it is."""


class IncidentRow(NamedTuple):
    """What a row of an incident shows; equal rows are not drawn again."""

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


def draw_incident(
    row: IncidentRow,
    is_open: bool,
    toggle: Callable[[], object],
    draw: Callable[[ListedAlert], None],
) -> None:
    """One row; its alerts are below it when it is open.

    Args:
        row: what it shows.
        is_open: whether it is.
        toggle: is told when somebody opens or closes it.
        draw: draws an alert.
    """
    opened = {"open": "open"} if is_open else {}
    with Tag("details", "", "incident", data_incident=row.id, **opened):
        with Tag("summary", "", "alert") as head:
            Tag("span", row.shape, f"sev {row.kind}", aria_hidden="true")
            with Tag("div"):
                Tag("span", row.about, "sentence")
                Tag("span", row.detail, "detail")
        head.on("click", lambda _event: toggle())
        for part in row.parts:
            draw(part)
