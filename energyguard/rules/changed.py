"""A rule as somebody would have it, for one device or for all."""

from __future__ import annotations

from collections.abc import Mapping

from energyguard.errors import ConfigError
from energyguard.rules.devices import DeviceRule
from energyguard.rules.rule import Rule


def changed_rule(rule: Rule, device: str, fields: Mapping[str, str]) -> Rule:
    """A rule with other limits and times, given as text; nobody is told of it.

    Args:
        rule: as it is.
        device: only of this device; empty: of all.
        fields: what changes.

    Raises:
        ConfigError: a field or a value that cannot be used.
    """
    new, wrong = rule.read_changes(fields)
    faults = [f"{rule.id}: {sentence}" for sentence in wrong]
    if not device:
        changed = rule.changed(new, fields)
    elif isinstance(rule, DeviceRule):
        changed = rule.differing(device, {**rule.overrides.get(device, {}), **fields})
    else:
        changed, same = rule, f"a rule of kind {rule.kind!r} is the same for all devices"
        faults.append(f"{rule.id}: {same}")
    faults = faults or [f"{rule.id}: {sentence}" for sentence in changed.validate()]
    if faults:
        raise ConfigError(*faults)
    return changed
