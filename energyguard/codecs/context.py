"""What is known of bytes that are decoded, beside the bytes."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from energyguard.codecs.assembly import DEFAULT, PlausibilityLimits


class DecodeContext(NamedTuple):
    """How some bytes of an input are decoded.

    Attributes:
        limits: what is plausible.
        device: the device, where no column names it.
        first_row: the number of their first row in the whole input.
        single: how many refused rows come back one by one, the rest as one; None: all.
        options: what the sender said beside the bytes, as the name of a shape has it after a
            colon: ``influx:ms``.
        now_ms: when they came, for values without a time; 0: nobody knows.
        mappings: files that say what names of senders mean.
    """

    limits: PlausibilityLimits = DEFAULT
    device: str = ""
    first_row: int = 1
    single: int | None = None
    options: str = ""
    now_ms: int = 0
    mappings: tuple[Path, ...] = ()

    def after(self, data: bytes) -> DecodeContext:
        """Of what follows some lines."""
        return self._replace(first_row=self.first_row + data.count(b"\n"))
