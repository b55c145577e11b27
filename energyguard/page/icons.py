"""The icons: one table of SVG paths, drawn in the colour of the text beside them."""

from __future__ import annotations

from collections.abc import Mapping

ICONS: Mapping[str, str] = {
    "brand": "M13 3L5 14h6l-1 7 8-11h-6z",
    "overview": "M3 12l9-8 9 8v8a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1z",
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
    "more": "M5 12v.5M12 12v.5M19 12v.5",
    "bell": "M6 16V10a6 6 0 0 1 12 0v6l2 2H4zM10 21h4",
    "theme": "M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18",
}


def icon(name: str) -> str:
    """The icon as markup; screen readers skip it, the word beside it says what it means."""
    return f'<svg viewBox="0 0 24 24" aria-hidden="true"><path d="{ICONS[name]}"/></svg>'


FAVICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><rect width="24" height="24" '
    f'rx="6" fill="#0b6b78"/><path d="{ICONS["brand"]}" fill="#fff"/></svg>'
)
