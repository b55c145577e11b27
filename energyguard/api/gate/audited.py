"""What the gate and log-ins tell the audit: who came in, and who was refused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from starlette.types import Scope

from energyguard.api.gate.attempts import address_of
from energyguard.service.contract import Service

Note = Callable[[str, str, Scope], object]
"""Takes note of an act, of whom, and of the request."""
REFUSED = "refused"
"""A word of every act that was not let be."""


def nobody_notes(act: str, by: str, scope: Scope) -> None:
    """Take note of nothing."""


def noting(service: Service) -> Note:
    """What takes note in the audit of a service; in an event loop it waits for nothing."""

    def note(act: str, by: str, scope: Scope) -> None:
        audit = service.audit
        take = audit.refused if REFUSED in act else audit.note
        do = partial(take, act, by, scope["path"], address=address_of(scope))
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            do()
        else:
            loop.run_in_executor(None, do)

    return note
