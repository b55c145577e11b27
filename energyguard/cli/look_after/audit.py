"""``audit``: who came in, who was refused, who changed what."""

from __future__ import annotations

from typing import Annotated

import typer

from energyguard.cli.terminal.call import Call
from energyguard.cli.terminal.output import at


def audit(
    call: Call, limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 50
) -> None:
    """Say who came in, who was refused, and who changed what; newest first."""
    from energyguard.audit import AuditTrail
    from energyguard.clock import SYSTEM

    with call.log() as log:
        entries = AuditTrail(log, SYSTEM).newest(limit)
    rows = [
        {
            "at": at(entry.at_ms),
            "by": entry.by,
            "act": entry.act,
            "about": entry.about,
            "note": entry.note,
            "address": entry.address,
        }
        for entry in entries
    ]
    call.out.rows(rows, empty="nothing yet")
