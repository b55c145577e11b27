"""Entries and values as they are meant: in the channel's unit, and below 0 where they are fed in.

Readings are folded as they came, so all that a ledger keeps is as it was sent; what leaves it comes
through here.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from energyguard.ledger.entries import Entries
from energyguard.ledger.registers.descriptions import Descriptions
from energyguard.ledger.scales import scaled, scaled_entries
from energyguard.model.channels import Kind
from energyguard.model.readings import Ints


def meant(entries: Entries, channels: Descriptions, kind: Kind) -> Entries:
    """Entries of what was sent as they count; ``channels``: what is said of their keys."""
    if channels.where("is_as_sent", entries.key).all():
        return entries
    return _turned(_scaled(entries, channels, kind), channels, kind)


def in_unit(channels: Descriptions, key: Ints, time: Ints, value: Ints) -> Ints:
    """(n,) values that were sent, in the channel's unit; their sign stays."""
    if not channels.where("is_scaled", key).any():
        return value
    found = value.copy()
    for mine, scales in channels.scales(key):
        found[mine] = scaled(scales, time[mine], value[mine])
    return found


def _scaled(entries: Entries, channels: Descriptions, kind: Kind) -> Entries:
    parts = [
        (mine, scaled_entries(entries.where(mine), scales, kind is Kind.REGISTER))
        for mine, scales in channels.scales(entries.key)
    ]
    if not parts:
        return entries
    columns = [column.copy() for column in entries.columns()]
    for mine, part in parts:
        for column, own in zip(columns, part.columns(), strict=True):
            column[mine] = own
    return Entries(*columns)


def _turned(entries: Entries, channels: Descriptions, kind: Kind) -> Entries:
    """Those of a channel that counts what is fed in are below 0.

    Of intervals and powers those that came below 0 are so already.
    """
    turned = channels.where("is_fed_in", entries.key)
    if kind is not Kind.REGISTER:
        turned = turned & (entries.energy > 0)
    if not turned.any():
        return entries
    energy, low, high = (
        np.where(turned, -column, same)
        for column, same in (
            (entries.energy, entries.energy),
            (entries.high, entries.low),
            (entries.low, entries.high),
        )
    )
    return replace(entries, energy=energy, low=low, high=high)
