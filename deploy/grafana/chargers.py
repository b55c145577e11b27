"""The board *Chargers*: the questions about stations, and the thermometer, from ClickHouse."""

from __future__ import annotations

from typing import Final

from deploy.grafana.panels import CLICKHOUSE, Asked, Board, Row

LAST: Final = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "/.*/", "values": False}}
BARS: Final = {"drawStyle": "bars", "fillOpacity": 60, "lineWidth": 0}
DEGREES: Final = {"device": "'thermometer'", "channel": "'temperature_c'"}
STATES: Final = {
    "free": "#2f7d4f",
    "parked": "#b26a00",
    "connected": "#b26a00",
    "charging": "#1f6f9f",
    "charged": "#7a4fa3",
    "unknown": "#8a9199",
}
PLACES: Final = {
    "basemap": {"type": "xyz", "config": {"url": ""}},  # no tiles from outside
    "layers": [
        {
            "type": "markers",
            "name": "bays",
            "location": {"mode": "coords", "latitude": "latitude", "longitude": "longitude"},
            "config": {
                "style": {"size": {"fixed": 6}, "color": {"field": "state"}, "opacity": 0.9},
                "showLegend": True,
            },
            "tooltip": True,
        }
    ],
    "view": {"id": "fit", "allLayers": True, "padding": 10},
}

ROWS: Final = (
    Row(
        "Now",
        (
            Asked(
                "Cars that stand",
                "station_now",
                "stat",
                {"occupied": ("cars", ""), "chargers": ("bays", "")},
                options=LAST,
            ),
            Asked(
                "Bays on the map",
                "station_bays",
                "geomap",
                {
                    "station": ("station", ""),
                    "charger": ("charger", ""),
                    "state": ("state", ""),
                    "since": ("since", ""),
                    "latitude": ("latitude", ""),
                    "longitude": ("longitude", ""),
                },
                about="By the newest signal in the range that is looked at.",
                options=PLACES,
                colours=STATES,
            ),
            Asked(
                "Bays",
                "station_bays",
                "table",
                {
                    "station": ("station", ""),
                    "charger": ("charger", ""),
                    "state": ("state", ""),
                    "since": ("since", "dateTimeAsIso"),
                },
                colours=STATES,
                custom={"cellOptions": {"type": "color-text"}},
            ),
        ),
    ),
    Row(
        "Stations",
        (
            Asked(
                "Occupancy and availability",
                "station_occupancy",
                "table",
                {
                    "station": ("station", ""),
                    "bays": ("bays", ""),
                    "occupancy": ("occupied", "percent"),
                    "availability": ("free", "percent"),
                },
                about="The part of the range in which cars stood at a station's bays. Stays count "
                "when they are over.",
            ),
            Asked(
                "Mean stay",
                "station_stays",
                "table",
                {
                    "station": ("station", ""),
                    "sessions": ("stays", ""),
                    "mean_stay_s": ("mean stay", "s"),
                },
            ),
            Asked(
                "Mean charge",
                "station_charges",
                "table",
                {
                    "station": ("station", ""),
                    "charges": ("charges", ""),
                    "mean_charge_s": ("mean time", "s"),
                    "mean_kwh": ("mean energy", "kwatth"),
                },
            ),
        ),
    ),
    Row(
        "Sessions and revenue",
        (
            Asked(
                "Stays that began",
                "station_sessions",
                "timeseries",
                {"time": ("time", ""), "sessions": ("stays", "")},
                least_s=60,
                custom=BARS,
            ),
            Asked(
                "Revenue",
                "station_revenue",
                "timeseries",
                {"time": ("time", ""), "eur": ("revenue", ""), "currency": ("currency", "")},
                about="A curve for each currency.",
                least_s=60,
                custom=BARS,
            ),
            Asked(
                "Cars that stood at once",
                "station_occupied",
                "timeseries",
                {
                    "time": ("time", ""),
                    "occupied": ("mean", ""),
                    "least": ("least", ""),
                    "most": ("most", ""),
                },
                about="All stations together.",
                least_s=5,
            ),
        ),
    ),
    Row(
        "Profit and violations",
        (
            Asked(
                "Top and bottom 5",
                "station_top",
                "table",
                {
                    "side": ("", ""),
                    "rank": ("rank", ""),
                    "station": ("station", ""),
                    "eur": ("profit", ""),
                    "currency": ("currency", ""),
                    "kwh": ("energy", "kwatth"),
                    "charges": ("charges", ""),
                },
                words={"n": "5", "by": "'station'"},
            ),
            Asked(
                "Violations by kind",
                "station_violation_kinds",
                "table",
                {
                    "station": ("station", ""),
                    "kind": ("kind", ""),
                    "violations": ("violations", ""),
                },
            ),
            Asked(
                "Newest violations",
                "station_violations",
                "table",
                {
                    "time": ("time", "dateTimeAsIso"),
                    "station": ("station", ""),
                    "charger": ("charger", ""),
                    "kind": ("kind", ""),
                    "plate": ("plate", ""),
                },
                about="Plates are pseudonyms.",
                words={"n": "50"},
            ),
        ),
    ),
    Row(
        "Thermometer",
        (
            Asked(
                "Temperature",
                "readings",
                "timeseries",
                {"time": ("time", ""), "value": ("temperature", "celsius")},
                words={**DEGREES, "limit": "100000"},
            ),
            Asked(
                "Mean and trend",
                "trend",
                "stat",
                {
                    "mean": ("mean", "celsius"),
                    "lowest": ("lowest", "celsius"),
                    "highest": ("highest", "celsius"),
                    "slope": ("°C per hour", ""),
                    "error": ("± (standard error)", ""),
                },
                words=DEGREES,
                options=LAST,
            ),
        ),
    ),
)

STATION: Final = {
    "name": "station",
    "label": "Station",
    "type": "query",
    "datasource": CLICKHOUSE,
    "query": "SELECT DISTINCT if(station = '', charger, station) AS name "
    "FROM chargers FINAL ORDER BY name",
    "refresh": 1,
    "includeAll": True,
    "allValue": "''",
    "current": {"text": "All", "value": "$__all"},
}
CURRENCY: Final = {
    "name": "currency",
    "label": "Currency",
    "type": "textbox",
    "query": "EUR",
    "current": {"text": "EUR", "value": "EUR"},
}
OTHERS: Final = {
    "name": "currencies",
    "label": "Stations with another currency",
    "description": 'Such as {"Seestrasse 4": "CHF"}: the server does not know the catalogue.',
    "type": "textbox",
    "query": "",
    "current": {"text": "", "value": ""},
}
CHARGERS: Final = Board("chargers", "Chargers", ROWS, "1s", "now-15m", (STATION, CURRENCY, OTHERS))
