"""What commands tell the audit: they are no one's log-in, and are there all the same."""

from __future__ import annotations

from energyguard.cli.terminal.call import Call

MAX_NAMED = 5
"""So many files of a command are named."""


def note(call: Call, act: str, about: str = "", more: str = "") -> None:
    """Take note in the audit of what a command did.

    It is done by then: where the log cannot be written, a line says so, and nobody is stopped.

    Args:
        call: the command's settings.
        act: what was done, in a word or three.
        about: to whom, or with what.
        more: what else there is to know.
    """
    from energyguard.audit import COMMAND_LINE, AuditTrail
    from energyguard.clock import SYSTEM
    from energyguard.errors import EnergyGuardError
    from energyguard.telemetry import logger

    try:
        with call.log() as log:
            AuditTrail(log, SYSTEM).note(act, COMMAND_LINE, about, more)
    except EnergyGuardError as error:
        logger("audit").warning("not in the audit", act=act, about=about, reason=str(error))
