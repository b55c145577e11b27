"""A decoder that a message can end, as native code may be ended by bytes nobody foresaw."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

from energyguard.codecs.context import DecodeContext
from energyguard.codecs.messages import read_messages
from energyguard.codecs.refusals import Contents

POISON = b"poison"


def decode(values: Sequence[bytes], context: DecodeContext) -> Contents:
    """Decode messages, unless one of them ends the process."""
    if any(POISON in value for value in values):
        os.kill(os.getpid(), signal.SIGSEGV)
    return read_messages(values, context)
