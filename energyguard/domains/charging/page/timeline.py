"""What happened at chargers, as bars in lanes: stays, charges in them, and violations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from energyguard.domains.charging.page.bay_grid import broken_limit
from energyguard.model.days import ms_of
from energyguard.page.elements.components import Tag
from energyguard.page.elements.plots import Plot
from energyguard.page.measures.amounts import amount_words
from energyguard.page.words.formatting import UNKNOWN, number, plural
from energyguard.page.words.language import _

MAX_ROWS = 3_000
LAYERS = {"unknown": 0, "info": 1, "warning": 2}


class Timeline:
    """Lanes of ``station_day``.

    Args:
        about: what it shows, for who cannot see it.
    """

    def __init__(self, about: str) -> None:
        self.plot = Plot("lanes", about)
        self.more = Tag("p", "", "sub")

    @staticmethod
    def legend() -> None:
        """What the bars mean."""
        with Tag("span", "", "legend"):
            for name, kind in (
                (_("stay"), "unknown"),
                (_("charge"), "info"),
                (_("violation"), "warn"),
            ):
                with Tag("span"):
                    Tag("i", "", kind)
                    Tag("span", name)

    def show(
        self,
        rows: list[dict[str, Any]],
        chargers: Iterable[str],
        span: tuple[int, int],
        zone: str,
    ) -> None:
        """Draw what happened.

        Args:
            rows: of ``station_day``, ``MAX_ROWS`` at most.
            chargers: those that have a lane, whether or not anything happened.
            span: from when to when, ms since 1970 UTC.
            zone: of the times.
        """
        lanes: dict[str, list[dict[str, object]]] = {charger: [] for charger in chargers}
        for row in rows:
            lanes.setdefault(row["charger"], []).append(_bar(row))
        start_ms, end_ms = span
        self.plot.show(
            {
                "from": start_ms,
                "to": end_ms,
                "zone": zone,
                "lanes": [
                    {"name": name, "href": "#day", "bars": sorted(bars, key=_layer)}
                    for name, bars in lanes.items()
                ],
            }
        )
        words = _("The first {rows} of this time.").format(rows=plural(MAX_ROWS, "row"))
        self.more.text = words if len(rows) >= MAX_ROWS else ""


def charge_money(row: Mapping[str, Any]) -> str:
    """What was paid for a charge."""
    return UNKNOWN if row["eur"] is None else amount_words(row["eur"], row["currency"])


def _layer(bar: dict[str, object]) -> int:
    """What lies on top of what."""
    return LAYERS[str(bar["state"])]


def _bar(row: dict[str, Any]) -> dict[str, object]:
    since, until = (at and ms_of(at) for at in (row["start"], row["end"]))
    what = str(row["what"])
    state = {"stay": "unknown", "charge": "info"}.get(what, "warning")
    about = broken_limit(str(row["detail"])) if what == "violation" else _("stay")
    if what == "charge":
        kwh = number(row["kwh"] or 0.0)
        about = _("charge, {kwh} kWh, {money}").format(kwh=kwh, money=charge_money(row))
    elif what == "stay" and row["detail"] != "complete":
        about = _("stay: {quality}").format(quality=row["detail"])
    return {
        "from": since,
        "to": since if until is None else until,
        "state": state,
        "quiet": what == "stay",
        "about": about,
        "href": "#day",
    }
