"""What is known of bytes that are decoded, beside the bytes."""

from __future__ import annotations

from typing import NamedTuple

from energyguard.codecs.assembly import DEFAULT, PlausibilityLimits


class DecodeContext(NamedTuple):
    """How some bytes of an input are decoded.

    Attributes:
        limits: what is plausible.
        device: the device, where no column names it.
        first_row: the number of their first row in the whole input.
        single: how many refused rows come back one by one, the rest as one; None: all.
    """

    limits: PlausibilityLimits = DEFAULT
    device: str = ""
    first_row: int = 1
    single: int | None = None

    def after(self, data: bytes) -> DecodeContext:
        """Of what follows some lines."""
        return self._replace(first_row=self.first_row + data.count(b"\n"))
