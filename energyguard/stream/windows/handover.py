"""What a worker of an older version leaves to the detector: its open alerts about values.

Rules about values once ran in the worker. Its snapshot from then has their open alerts; the worker
that finds one keeps them in its own snapshots, and the detector that starts for the first time goes
on with them where that worker was. So no alert is lost, and none is raised again under another id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from energyguard.records.state import Manifest
from energyguard.rules.kinds.state import StateRule
from energyguard.stream.windows.episodes.episode import Episode
from energyguard.stream.windows.episodes.states import ValueEpisode
from energyguard.stream.windows.snapshot import dump, load, rules_of
from energyguard.stream.windows.values import ValueRules

PART = "handover"


class OpenAlert(NamedTuple):
    """An alert about values that was open."""

    rule: str
    channel: str
    device: str
    episode: ValueEpisode


class Handover(NamedTuple):
    """From which offset on the detector judges, and what was open there."""

    position: int
    alerts: Sequence[OpenAlert]

    def part(self) -> bytes:
        """As a part of a snapshot."""
        alerts = [[*alert[:3], msgspec.to_builtins(alert.episode)] for alert in self.alerts]
        return dump([self.position, alerts])

    def give(self, values: ValueRules, devices: Sequence[str]) -> None:
        """Let open alerts be these, and no others."""
        number = {name: key for key, name in enumerate(devices)}
        states = {(state.rule.id, state.channel): state for state in values.states}
        for state in values.states:
            state.episodes.clear()
        for rule, channel, device, episode in self.alerts:
            if (rule, channel) in states and device in number:
                episode.key = number[device]
                states[rule, channel].episodes[episode.key] = episode


FROM_THE_START = Handover(0, ())


def handover_of(manifest: Manifest, parts: Mapping[str, bytes]) -> Handover:
    """What a worker's snapshot leaves to the detector, whatever its version.

    A worker that ran no rules about values leaves nothing: the detector judges from the start.
    """
    if PART in parts:
        position, alerts = load(parts[PART])
        return Handover(position, [_open_alert(*alert) for alert in alerts])
    about_values = [rule for rule in rules_of(parts) if isinstance(rule, StateRule)]
    if not about_values:
        return FROM_THE_START
    devices: list[str] = load(parts["devices"])[0]
    alerts = []
    for rule in about_values:
        for channel in rule.channels:
            if (lane := parts.get(f"lane/{channel}")) is None:
                continue
            for episode in msgspec.convert(load(lane)["episodes"].get(rule.id, []), list[Episode]):
                alerts.append(_as_it_was(rule, channel, devices, episode))
    return Handover(manifest.position, alerts)


def _as_it_was(
    rule: StateRule, channel: str, devices: Sequence[str], episode: Episode
) -> OpenAlert:
    """An alert from when amounts were scores: below a level, negative."""
    sign = -1 if rule.is_below else 1
    shown = ValueEpisode(
        episode.key,
        0,
        episode.since_ms,
        sign * episode.observed,
        sign * episode.peak,
        episode.state,
        None,
        episode.window_end_ms,
        0,
        score=episode.peak,
        expected=rule.level,
    )
    return OpenAlert(rule.id, channel, devices[episode.key], shown)


def _open_alert(rule: str, channel: str, device: str, episode: Any) -> OpenAlert:
    return OpenAlert(rule, channel, device, msgspec.convert(episode, ValueEpisode))
