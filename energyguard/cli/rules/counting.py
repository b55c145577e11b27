"""How a job is to count energy: by its options, a catalogue's file and the settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from energyguard.catalogue import Catalogue
from energyguard.catalogue.energy import channels_of
from energyguard.catalogue.files import read_changes
from energyguard.errors import ConfigError, NotFound
from energyguard.ledger.channels import EnergyChannel
from energyguard.model.channels import CHANNELS
from energyguard.settings.tree import Settings
from energyguard.stream.engines.counting import JobCounting


def counting_of(settings: Settings, given: dict[str, Any]) -> JobCounting:
    """How a job counts.

    Args:
        settings: what holds where nothing else is said.
        given: options: ``channel``, ``length_ms``, ``step_ms``, ``stamp``, ``catalogue``.

    Raises:
        ConfigError: an option, or a line of the file, that cannot be used.
        NotFound: there is no such file.
    """
    fields = dict(given)
    stamp, file = fields.pop("stamp", "start"), fields.pop("catalogue", None)
    channel = fields.get("channel", JobCounting().channel)
    if channel not in CHANNELS:
        raise ConfigError(f"--channel {channel}: none of: {', '.join(CHANNELS)}")
    if stamp not in ("start", "end"):
        raise ConfigError(f"--stamp {stamp}: none of: start, end")
    described = {} if file is None else _described(settings, file, channel)
    return JobCounting(
        energy=settings.ledger.defaults, stamp_is_end=stamp == "end", described=described, **fields
    )


def _described(settings: Settings, file: Path, channel: str) -> dict[str, EnergyChannel]:
    """What a file of the catalogue says of a channel, by device."""
    channels = channels_of(catalogue_of(settings, file), settings.ledger.defaults)
    return {name: own[channel] for name, own in channels.items() if channel in own}


def catalogue_of(settings: Settings, file: Path) -> Catalogue:
    """What a file of the catalogue has.

    Raises:
        ConfigError: a line of it cannot be used.
        NotFound: there is no such file.
    """
    catalogue = Catalogue(settings.serve.zone)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise NotFound.file(f"--catalogue {file}", error) from None
    changes = read_changes(data, file.name, catalogue)
    if changes.faults:
        raise ConfigError(*changes.faults)
    for key, entry in changes.entries.items():
        catalogue.see(key, entry, "file")
    return catalogue
