"""``edges``: the edges that were let in, as the cloud sees them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from energyguard.cli.terminal.call import Call
from energyguard.cli.terminal.output import at
from energyguard.service.views import EdgeView

NONE_YET = "no edge was let in yet: energyguard edge enroll NAME"


def edges(call: Call) -> None:
    """List the edges: how each line is, what waits there, whose clock is off."""
    with call.service() as service:
        found = service.edges.all()
    call.out.rows([asdict(edge) if call.json else listed(edge) for edge in found], empty=NONE_YET)


def listed(edge: EdgeView) -> dict[str, Any]:
    """An edge as a row."""
    return {
        "edge": edge.edge,
        "state": edge.state,
        "waiting": edge.queued,
        "lag_s": _seconds(edge.lag_ms),
        "clock_s": _seconds(edge.offset_ms),
        "last_heard": at(edge.heartbeat_ms),
        "readings": edge.readings,
        "lost": edge.lost,
        "let_in_by": edge.let_in_by,
    }


def _seconds(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000
