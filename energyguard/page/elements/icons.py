"""The icons: one table of SVG paths, drawn in the colour of the text beside them."""

from __future__ import annotations

from collections.abc import Mapping

ICONS: Mapping[str, str] = {
    "brand": "M12 2.5l8 3v6c0 5-3.4 8.4-8 10-4.6-1.6-8-5-8-10v-6z"
    "M12.8 6.8L8.6 12.6h3l-.6 4.2 4.4-5.8h-3z",
    "home": "M3 11.5l9-7.5 9 7.5M5.5 9.5V20h13V9.5M10 20v-6h4v6",
    "explore": "M5 20v-7M10 20V5M15 20v-9M20 20v-4M3 20.5h18",
    "sites": "M4 21V4h9v17M13 9h7v12M2.5 21h19M7 8h3M7 12h3M7 16h3M16 13h1.5M16 17h1.5",
    "data": "M4 6h16M4 12h10M4 18h13",
    "add": "M12 5v14M5 12h14",
    "person": "M8.5 8a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0M5 20c.6-4 3.4-6 7-6s6.4 2 7 6",
    "people": "M5.5 8a3 3 0 1 0 6 0a3 3 0 1 0-6 0M3 19c.4-3.4 2.4-5 5.5-5s5.100 1.600 5.500 5"
    "M14.5 5.300a3 3 0 0 1 0 5.400M16.500 14.200c2.600.3 4.100 2 4.500 4.800",
    "backups": "M4 4h16v5H4zM5.5 9v11h13V9M12 12v5M9.500 14.500l2.500 2.500 2.500-2.500",
    "households": "M4 20V10M10 20V4M16 20v-7M21 20H3",
    "alerts": "M12 3l10 18H2zM12 10v5M12 18v.5",
    "quality": "M4 12l5 5L20 6",
    "cluster": "M9 6a3 3 0 1 0 6 0a3 3 0 1 0-6 0M3 18a3 3 0 1 0 6 0a3 3 0 1 0-6 0"
    "M15 18a3 3 0 1 0 6 0a3 3 0 1 0-6 0M10.5 8.6l-3 6.8M13.5 8.6l3 6.8",
    "edges": "M4 13h16v7H4zM8 16.5v.5M12 13V9M8.8 6.2a4.5 4.5 0 0 1 6.4 0M6 3.5a8.4 8.4 0 0 1 12 0",
    "building": "M5 21V4h9v17M14 9h5v12M3 21h18M8 8h3M8 12h3M8 16h3M16.5 13v.5M16.5 17v.5",
    "stations": "M5 21V4h8v17M3 21h12M8 8h2M13 11h3v6a2 2 0 0 0 4 0V9l-3-3",
    "regions": "M3 6l6-3 6 3 6-3v15l-6 3-6-3-6 3zM9 3v15M15 6v15",
    "thermometer": "M10 14V5a2 2 0 0 1 4 0v9a4 4 0 1 1-4 0zM12 9v8",
    "devices": "M5 4h14v6H5zM5 14h14v6H5zM8.5 7v.5M8.5 17v.5",
    "money": "M3 6h18v12H3zM9.5 12a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0M6 9v.5M18 15v.5",
    "more": "M5 12v.5M12 12v.5M19 12v.5",
    "bell": "M6 16V10a6 6 0 0 1 12 0v6l2 2H4zM10 21h4",
    "mail": "M3 6h18v13H3zM3 7l9 7 9-7",
    "theme": "M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18",
}


def icon(name: str) -> str:
    """The icon as markup, of an unknown name that of devices; the word beside it says it all."""
    path = ICONS.get(name, ICONS["devices"])
    return f'<svg viewBox="0 0 24 24" aria-hidden="true"><path d="{path}"/></svg>'


FAVICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><rect width="24" height="24" '
    'rx="6" fill="#0a6472"/>'
    '<path d="M13.4 3.5L6 13.4h5.2l-.9 7.1L18 10.6h-5.3z" fill="#fff"/></svg>'
)
