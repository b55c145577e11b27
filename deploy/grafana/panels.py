"""Boards of Grafana as tables of rows and panels, and what Grafana reads.

A panel asks one of two sources: Prometheus by an expression, ClickHouse by one of the questions of
the history (``energyguard/history/queries``), whose text is put in as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from energyguard.domains.charging.currencies import minor_units
from energyguard.history.query import query_named

WIDTH: Final = 24
HEIGHT: Final = 8
PROMETHEUS: Final = {"type": "prometheus", "uid": "prometheus"}
CLICKHOUSE: Final = {"type": "grafana-clickhouse-datasource", "uid": "clickhouse"}
GIVEN: Final[Mapping[str, str]] = {
    "start_ms": "$__from",
    "end_ms": "$__to",
    "step_ms": "$__interval_ms",
    "station": "${station:sqlstring}",
    "currency": "${currency:sqlstring}",
    "currencies": "${currencies:sqlstring}",
    "minor_units": f"'{minor_units()}'",
}
"""What Grafana puts in for a question's parameters: the range that is looked at, and a choice."""


@dataclass(frozen=True, slots=True)
class Panel:
    """Curves, by an expression of Prometheus, named by its labels."""

    title: str
    query: str
    legend: str = ""
    unit: str = "short"
    about: str = ""

    def model(self) -> dict[str, Any]:
        """What Grafana reads, without place and number."""
        query = {"refId": "A", "datasource": PROMETHEUS, "expr": self.query}
        return {
            "type": "timeseries",
            "title": self.title,
            "description": self.about,
            "datasource": PROMETHEUS,
            "targets": [query | ({"legendFormat": self.legend} if self.legend else {})],
            "fieldConfig": {
                "defaults": {"unit": self.unit, "min": 0, "custom": {"fillOpacity": 10}},
                "overrides": [],
            },
            "options": {"legend": {"showLegend": True, "placement": "bottom"}},
        }


@dataclass(frozen=True, slots=True)
class Asked:
    """The answer of a question to ClickHouse, as a table, a number, curves or a map.

    Args:
        title: above it.
        name: of the question.
        kind: the type of the panel.
        shown: columns of the answer that are shown, each with its heading and unit; of a table in
            this order.
        about: what to know of it.
        least_s: the shortest step of a curve.
        words: a question's other parameters, as SQL.
        options: of the panel's type.
        custom: how fields are drawn.
        colours: by value of a text.
    """

    title: str
    name: str
    kind: str
    shown: Mapping[str, tuple[str, str]]
    about: str = ""
    least_s: int = 1
    words: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    custom: Mapping[str, Any] = field(default_factory=dict)
    colours: Mapping[str, str] = field(default_factory=dict)

    @property
    def query(self) -> str:
        """The question's text with Grafana's variables in place of its parameters."""
        asked = query_named(self.name)
        sql = asked.sql
        for name, kind in asked.parameters.items():
            sql = sql.replace(f"{{{name}:{kind}}}", {**GIVEN, **self.words}[name])
        return sql

    def model(self) -> dict[str, Any]:
        """What Grafana reads, without place and number."""
        curve = self.kind == "timeseries"
        query = {
            "refId": "A",
            "datasource": CLICKHOUSE,
            "editorType": "sql",
            "queryType": "timeseries" if curve else "table",
            "format": 0 if curve else 1,
            "rawSql": self.query,
        }
        mapped = [
            {"type": "value", "options": {text: {"color": colour, "index": place}}}
            for place, (text, colour) in enumerate(self.colours.items())
        ]
        return {
            "type": self.kind,
            "title": self.title,
            "description": self.about,
            "datasource": CLICKHOUSE,
            "interval": f"{self.least_s}s",
            "targets": [query],
            "transformations": [self._order()],
            "fieldConfig": {
                "defaults": {"custom": dict(self.custom), "mappings": mapped},
                "overrides": [
                    {
                        "matcher": {"id": "byName", "options": heading},
                        "properties": [{"id": "unit", "value": unit}],
                    }
                    for heading, unit in self.shown.values()
                    if unit
                ],
            },
            "options": dict(self.options),
        }

    def _order(self) -> dict[str, Any]:
        """Only the columns that are shown, in order, with their headings."""
        return {
            "id": "organize",
            "options": {
                "includeByName": dict.fromkeys(self.shown, True),
                "indexByName": {name: place for place, name in enumerate(self.shown)},
                "renameByName": {name: heading for name, (heading, _) in self.shown.items()},
            },
        }


@dataclass(frozen=True, slots=True)
class Row:
    """A heading, and the panels side by side below it."""

    title: str
    panels: Sequence[Panel | Asked]


@dataclass(frozen=True, slots=True)
class Board:
    """A board: its file is named by ``uid``."""

    uid: str
    title: str
    rows: Sequence[Row]
    refresh: str = "10s"
    since: str = "now-30m"
    variables: Sequence[Mapping[str, Any]] = ()

    def model(self) -> dict[str, Any]:
        """The board as Grafana reads it."""
        return {
            "uid": self.uid,
            "title": self.title,
            "schemaVersion": 41,
            "editable": False,
            "refresh": self.refresh,
            "time": {"from": self.since, "to": "now"},
            "timepicker": {"refresh_intervals": ["1s", "5s", "10s", "1m", "15m"]},
            "timezone": "utc",
            "tags": ["energyguard"],
            "templating": {"list": [dict(one) for one in self.variables]},
            "panels": list(self._panels()),
        }

    def _panels(self) -> Iterator[dict[str, Any]]:
        number, y = 0, 0
        for row in self.rows:
            number += 1
            yield {
                "id": number,
                "type": "row",
                "title": row.title,
                "collapsed": False,
                "gridPos": {"h": 1, "w": WIDTH, "x": 0, "y": y},
                "panels": [],
            }
            width = WIDTH // len(row.panels)
            for place, panel in enumerate(row.panels):
                number += 1
                at = {"h": HEIGHT, "w": width, "x": place * width, "y": y + 1}
                yield {"id": number, "gridPos": at, **panel.model()}
            y += 1 + HEIGHT
