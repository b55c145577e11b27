"""Times as people give them: "2h" (before now), "2025-09-06", "2025-09-06T17:54:02Z"."""

from __future__ import annotations

from datetime import UTC, datetime

import typer

from energyguard.model.duration import parse_duration


def parse_time(text: str, now_ms: int) -> int:
    """Milliseconds since 1970 of a time, or of a duration before ``now_ms``.

    Raises:
        typer.BadParameter: it is neither.
    """
    try:
        return now_ms - parse_duration(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is neither a time (2025-09-06T17:54:02Z) nor a duration (2h)"
        ) from None
    return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000)


def parse_span(text: str) -> int:
    """A duration in milliseconds.

    Raises:
        typer.BadParameter: it is none.
    """
    try:
        return parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
