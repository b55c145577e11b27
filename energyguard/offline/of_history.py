"""The readings of the history that a rule would have looked at, as files to try it on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from msgspec import UNSET

from energyguard.catalogue import Catalogue
from energyguard.catalogue.sums import sum_weights
from energyguard.errors import NotFound
from energyguard.history import Questions
from energyguard.history.export import export_readings
from energyguard.model.selector import DeviceFacts
from energyguard.rules.devices import SelectedRule
from energyguard.rules.rule import Rule
from energyguard.rules.sums import summed_device


class PlacedDevices(Protocol):
    """What the service's catalogue knows of devices."""

    @property
    def entries(self) -> Catalogue:
        """What there is, as of now."""

    def rule_facts(self, device_id: str, topic: str) -> DeviceFacts:
        """What rules know of a device that sends to a topic: entered, or by its id."""


def devices_of(rule: Rule | None, history: Questions, known: PlacedDevices) -> list[str]:
    """The devices of the history that a rule is about; of a sum: those that it adds up.

    Args:
        rule: the rule; None: it is about every device.
        history: has their readings.
        known: where each stands.
    """
    rows = history.query("devices", device="").to_pylist()
    wanted = set(getattr(rule, "channels", ()))
    topics = {r["device"]: r["topic"] for r in rows if not wanted or r["channel"] in wanted}
    if rule is not None and (terms := _terms(rule, known.entries)):
        return sorted(topics.keys() & terms.keys())
    if not isinstance(rule, SelectedRule):
        return sorted(topics)

    def facts(device: str) -> DeviceFacts:
        return known.rule_facts(device, topics[device])

    return sorted(device for device in topics if rule.selects(device, facts))


def _terms(rule: Rule, catalogue: Catalogue) -> dict[str, int]:
    """What a rule's sum is of; nothing: it is about each device by itself."""
    name = summed_device(rule)
    terms = sum_weights(name, catalogue) if name else {}
    return {} if terms.keys() <= {name} else terms


def for_files(rule: Rule) -> Rule:
    """The same about every device of the files, where it looks at where devices stand."""
    return rule.with_fields(selector=UNSET) if rule.needs_catalogue else rule


@contextmanager
def files_of(
    history: Questions, devices: Sequence[str], start_ms: int, end_ms: int
) -> Iterator[list[Path]]:
    """Files of the readings of some devices in a range, while they are looked at.

    Raises:
        NotFound: there is no device.
    """
    if not devices:
        raise NotFound("the history has no device that the rule is about")
    with TemporaryDirectory(prefix="energyguard-") as folder:
        paths = []
        for number, device in enumerate(devices):
            path = Path(folder, f"{number}.parquet")
            if export_readings(history, path, "parquet", start_ms, end_ms, device):
                paths.append(path)
        if not paths:
            raise NotFound("the history has no readings of these devices in this time")
        yield paths
