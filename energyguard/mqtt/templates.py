"""Home Assistant's ``value_template``: which value of a message a sensor means.

Templates are programs (Jinja), and foreign text is not run here. Nearly all of them only name a
place: ``{{ value_json.power }}``, ``{{ value_json['ENERGY'].Power | float }}``, ``{{ value }}``.
Those are read; every other one is refused.
"""

from __future__ import annotations

import re
from typing import Any, Final

from energyguard.codecs.columns import sixty_fourth
from energyguard.errors import Malformed

Path = tuple[str | int, ...]
"""The keys and places that lead to a value in JSON."""

_STEP: Final = r"\.[A-Za-z_]\w*|\[\s*(?:'[^'\\]*'|\"[^\"\\]*\"|\d{1,4})\s*\]"
_FILTER: Final = r"\|\s*(?:float|int|round|is_defined)\s*(?:\(\s*-?[\d.]*\s*\)\s*)?"
_TEMPLATE: Final = re.compile(
    rf"\s*\{{\{{-?\s*value(?P<json>_json)?(?P<steps>(?:{_STEP})*)\s*(?:{_FILTER})*-?\}}\}}\s*",
    re.ASCII,
)
_MAX_LENGTH: Final = 1_000


def path_in(template: str) -> Path | None:
    """The place that a template names; None: the message itself is the value.

    Numbers are taken as they are sent: ``float``, ``int`` and ``round`` are for showing them.

    Raises:
        Malformed: it does more than name a place.
    """
    if not template.strip():
        return None
    found = _TEMPLATE.fullmatch(template) if len(template) <= _MAX_LENGTH else None
    if found is None or bool(found["json"]) != bool(found["steps"]):
        what = "value_template does more than name a value, as {{ value_json.power }} does"
        raise Malformed(f"{what}: {sixty_fourth(template)}", "value_template")
    return tuple(map(_step, re.findall(_STEP, found["steps"]))) if found["json"] else None


def _step(text: str) -> str | int:
    if text.startswith("."):
        return text[1:]
    inner = text[1:-1].strip()
    return int(inner) if inner.isdecimal() else inner[1:-1]


def value_at(body: Any, path: Path) -> Any:
    """The value at a place; None: there is none."""
    for step in path:
        if isinstance(step, str):
            body = body.get(step) if isinstance(body, dict) else None
        else:
            body = body[step] if isinstance(body, list) and step < len(body) else None
    return body
