"""What is shown of settings: what may be a secret is not, wherever a value stands."""

from __future__ import annotations

import re
from typing import Any, Final

HIDDEN: Final = "***"
_SECRET: Final = re.compile("password|secret|key|token|oauth", re.IGNORECASE)
_ASSIGNED: Final = re.compile(rf"([\w.-]*(?:{_SECRET.pattern})[\w.-]*\s*[=:]).*", re.I | re.S)


def shown(value: Any) -> Any:
    """A value for people to see.

    Of a table what its names call a secret is hidden; of a text all from the first secret on, such
    as ``log.kafka=sasl.username=me,sasl.password=***``.
    """
    if isinstance(value, str):
        return _ASSIGNED.sub(rf"\1{HIDDEN}", value)
    if isinstance(value, dict):
        return {
            name: HIDDEN if _SECRET.search(name) else shown(inner) for name, inner in value.items()
        }
    return value
