"""From what happened to episodes and devices to alert events, with the sentence for people."""

from __future__ import annotations

from energyguard.model.alerts import State, alert_id
from energyguard.records.alerts import AlertEvent
from energyguard.rules.kinds.silence import OF_THE_PRODUCT
from energyguard.rules.rule import Observation
from energyguard.stream.windows.collected import AlertTransition
from energyguard.stream.windows.silences import SilenceTransition


def episode_event(topic: str, channel: str, device: str, transition: AlertTransition) -> AlertEvent:
    """The event of what happened to an episode."""
    state, event = transition
    rule, episode, end_ms = state.rule, event.episode, event.episode.window_end_ms
    observed, peak = (
        rule.shown(score, state.measure)
        for score in (event.observed, max(event.peak, event.observed))
    )
    ended = f"{device}: {event.reason} ({rule.id}: {rule.text})" if event.reason else ""
    return AlertEvent(
        id=alert_id(topic, rule.id, device, channel, end_ms),
        rule=rule.id,
        device=device,
        channel=channel,
        severity=rule.severity,
        state=event.state,
        time_ms=event.time_ms,
        since_ms=episode.since_ms,
        window_start_ms=end_ms - episode.window_ms,
        window_end_ms=end_ms,
        observed=observed,
        expected=rule.level,
        peak=peak,
        unit=rule.unit,
        topic=topic,
        about=ended or rule.sentence(Observation(device, event.state, observed, episode.since_ms)),
        reason=event.reason,
    )


def silence_event(topic: str, device: str, transition: SilenceTransition) -> AlertEvent:
    """The event of a device that went silent, or is no longer."""
    rule, change, reason = transition
    quiet = State.UNKNOWN if rule is OF_THE_PRODUCT else State.FIRING
    state, since_ms = quiet if change.quiet else State.RESOLVED, change.last_ms
    observed = rule.observed(change.time_ms - since_ms)
    ended = f"{device}: {reason} ({rule.id}: {rule.text})" if reason else ""
    return AlertEvent(
        id=alert_id(topic, rule.id, device, "", since_ms),
        rule=rule.id,
        device=device,
        channel="",
        severity=rule.severity,
        state=state,
        time_ms=change.time_ms,
        since_ms=since_ms,
        window_start_ms=since_ms,
        window_end_ms=since_ms,
        observed=observed,
        expected=rule.level,
        peak=observed,
        unit=rule.unit,
        topic=topic,
        about=ended or rule.sentence(Observation(device, state, observed, since_ms)),
        reason=reason,
    )
