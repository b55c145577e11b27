"""From what lanes tell to alert events, with the sentence that a person reads."""

from __future__ import annotations

from energyguard.model.alerts import Severity, State, alert_id
from energyguard.model.channels import CHANNELS
from energyguard.model.fixed import from_nano
from energyguard.records.alerts import AlertEvent
from energyguard.rules.rule import Rule
from energyguard.stream.time.silence import SilenceChange
from energyguard.stream.windows.episodes import EpisodeEvent, RuleState

SILENCE = "silence"
"""The rule id of alerts that say: this device went quiet."""

_SENTENCES = {
    State.PENDING: "{device} is above {level} {unit} in {window}, not yet for long",
    State.FIRING: "{device} passed {level} {unit} in {window}",
    State.RESOLVED: "{device} is back at or below {clear} {unit} in {window}",
    State.UNKNOWN: "{device} is silent: nobody knows whether it is still above {level} {unit}",
}


def episode_event(
    topic: str, channel: str, device: str, watch: RuleState, told: EpisodeEvent
) -> AlertEvent:
    """The event of something told about an episode."""
    rule, episode = watch.rule, told.episode
    measure, window, end_ms = watch.measure, rule.window_ms, episode.window_end_ms
    return AlertEvent(
        id=alert_id(topic, rule.id, device, channel, end_ms),
        rule=rule.id,
        device=device,
        channel=channel,
        severity=rule.severity,
        state=told.state,
        time_ms=told.time_ms,
        since_ms=episode.since_ms,
        window_start_ms=end_ms - episode.window_ms,
        window_end_ms=end_ms,
        observed=measure.nano(told.observed, window),
        expected=rule.raise_above,
        peak=measure.nano(max(told.peak, told.observed), window),
        unit=CHANNELS[channel].energy_unit,
        topic=topic,
        about=_ended(rule, device, told.reason) or sentence(rule, device, told.state),
        reason=told.reason,
    )


def _ended(rule: Rule, device: str, reason: str) -> str:
    """Why an alert is over that no window ended; empty: a window did."""
    return f"{device}: {reason} ({rule.id}: {rule.text})" if reason else ""


def sentence(rule: Rule, device: str, state: State) -> str:
    """What happened, for a person."""
    return _SENTENCES[state].format(
        device=device,
        level=rule.threshold or from_nano(rule.raise_above),
        clear=from_nano(rule.clear_at),
        window=f"the mean of {rule.window_words}" if rule.of_level else rule.window_words,
        unit=rule.unit,
    )


def silence_event(topic: str, device: str, change: SilenceChange) -> AlertEvent:
    """The event of a device that went quiet, or came back."""
    return AlertEvent(
        id=alert_id(topic, SILENCE, device, "", change.last_ms),
        rule=SILENCE,
        device=device,
        channel="",
        severity=Severity.WARNING,
        state=State.UNKNOWN if change.quiet else State.RESOLVED,
        time_ms=change.time_ms,
        since_ms=change.last_ms,
        window_start_ms=change.last_ms,
        window_end_ms=change.last_ms,
        observed=0,
        expected=0,
        peak=0,
        unit="",
        topic=topic,
        about=f"{device} is silent" if change.quiet else f"{device} sends again",
    )
