"""A meter that sends a fortieth is told as one that sends all of it, however readings come."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from energyguard.catalogue.energy import energy_channels
from energyguard.ledger.channels import EnergyChannel, plain_channel
from energyguard.model.catalogue import ChannelFacts, Device
from energyguard.model.channels import CHANNELS
from energyguard.model.readings import batch_from, batch_of
from energyguard.records.alerts import AlertEvent
from energyguard.records.energy_alerts import ENERGY_ALERT
from energyguard.rules.kinds.state import StateRule
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.rule import Rule
from energyguard.stream.windows.channels.energy_state import by_kind
from energyguard.stream.windows.episodes.output import WindowOutput, energy_alerts
from energyguard.stream.windows.operator import WindowOperator
from tests.stream.test_catalogue_rules import Campus
from tests.stream.test_worker import read_all, work
from tests.stream.windows.test_described import hours, send, worker
from tests.stream.windows.test_described_values import detector, told
from tests.stream.windows.test_described_values import send as send_power
from tests.stream.windows.test_windows import START

KWH, MINUTE, HOUR = 10**9, 60_000, 3_600_000
READINGS = 120
SCALED = energy_channels(
    Device(name="CT", channels={name: ChannelFacts(scale="40") for name in CHANNELS}), "UTC"
)
Sent = list[tuple[str, int, int]]


def described(device: str, channel: str) -> EnergyChannel:
    plain = plain_channel(CHANNELS[channel].kind)
    return SCALED.get(channel, plain)


def life(channel: str, step_ms: int, late_ms: int) -> Sent:
    """Two meters, some of whose readings are late."""
    rng = np.random.default_rng(step_ms + late_ms)
    rows = []
    for meter in range(2):
        use = rng.integers(0, 40, READINGS) * 10**7 * step_ms // MINUTE // 60
        use[rng.integers(0, READINGS, 4)] = 2 * KWH  # more than is plausible, mostly
        value = use * (3_600_000 // step_ms) if channel == "power_kw" else use
        if channel == "energy_register_kwh":
            value = 500 * KWH + np.cumsum(use)
            value[rng.integers(1, READINGS, 2)] = 0
        for n, single in enumerate(value.tolist()):
            at = n * step_ms
            came = at + int(rng.integers(0, late_ms)) * int(rng.random() < 0.3)
            rows.append((came, str(meter), START + at, single))
    return [row[1:] for row in sorted(rows, key=lambda row: row[0])]


def alerts(
    channel: str, sent: Sent, cuts: list[int], *, episodes: bool, scaled: bool
) -> dict[str, list[object]]:
    """What is told of each meter; of those that are not scaled all is sent."""
    rules: list[Rule] = [
        ThresholdRule(
            id="hour", channels=(channel,), window_ms=HOUR, slide_ms=15 * MINUTE,
            raise_above=7 * KWH, clear_at=6 * KWH,
        )
    ]  # fmt: skip
    operator = WindowOperator(
        "energy_readings",
        rules,
        follow_episodes=episodes,
        described_by=described if scaled else by_kind,
    )
    found: dict[str, list[object]] = {}

    def take() -> Iterator[WindowOutput]:
        for first, last in pairwise([0, *cuts, len(sent)]):
            device, time, value = map(list, zip(*sent[first:last], strict=True))
            if not scaled:
                value = [40 * single for single in value]
            yield operator.process(batch_from(batch_of(device, channel, time, value)))
        yield operator.end()
        yield operator.advance(START + 1_000 * HOUR, end=True)

    for out in take():
        for event in out.events:
            found.setdefault(event.device, []).append(
                (event.state, event.time_ms, event.observed, event.peak)
            )
        for breaches in () if episodes else out.breaches:
            for value in energy_alerts([(breaches, out.devices)]).values:
                alert = ENERGY_ALERT.decode(value or b"")
                found.setdefault(alert.household_id, []).append((alert.window_end, alert.kwh))
    return found


@pytest.mark.each_value
@pytest.mark.parametrize("channel", ["energy_kwh", "energy_register_kwh", "power_kw"])
@pytest.mark.parametrize(
    ("step_ms", "late_ms", "episodes"),
    [(MINUTE, 1, False), (MINUTE, 8 * MINUTE, True), (20 * MINUTE, HOUR, False)],
)
def test_a_scaled_meter_is_told_as_one_that_sends_all_of_it(
    channel: str, step_ms: int, late_ms: int, episodes: bool
) -> None:
    sent = life(channel, step_ms, late_ms)
    cuts = [7, *range(40, len(sent), 40)]
    scaled, whole = (
        alerts(channel, sent, cuts, episodes=episodes, scaled=scaled) for scaled in (True, False)
    )
    assert scaled == whole
    assert whole.keys() == {"0", "1"}


def test_the_newest_power_of_a_silent_meter_holds_scaled() -> None:
    """What it may still come to decides whether anybody looks at its windows."""
    high, neighbour = [27 * 10**6] * 20 + [48 * 10**7], [24 * 10**5] * 400
    sent = [("0", START + n * 20 * MINUTE, value) for n, value in enumerate(high)]
    sent += [("1", START + n * MINUTE * 2, value) for n, value in enumerate(neighbour)]
    sent.sort(key=lambda row: row[1])
    cuts = [*range(20, len(sent), 20)]
    scaled, whole = (
        alerts("power_kw", sent, cuts, episodes=False, scaled=scaled) for scaled in (True, False)
    )
    assert scaled == whole
    assert whole.keys() == {"0"}


HALF = Device(name="Oven", channels={"energy_kwh": ChannelFacts(scale="0.5", length="1 hour")})


def lived(*, restarts: bool, said_at: int) -> Campus:
    """From hour 20 on half of what is sent counts; somebody says so at some hour."""
    campus = Campus()
    at_work = worker(campus)
    for since, until in pairwise((1, 10, said_at, said_at + 13, 60)):
        if since == said_at:
            campus.put("device/H001", HALF, from_ms=START + 20 * HOUR)
        campus.clock.sleep(1.5)
        work(at_work)
        send(campus, since, until)
        campus.clock.sleep(1.5)
        work(at_work)
        if restarts:
            at_work.consumer.leave()
            at_work = worker(campus)
    return campus


@pytest.mark.parametrize("said_at", [12, 21])
def test_a_scale_counts_from_its_event_time_also_after_a_restart(said_at: int) -> None:
    """Said before, it waits for its time; said after, windows that are open count by it."""
    whole, broken = (lived(restarts=restarts, said_at=said_at) for restarts in (False, True))
    name = "energy_alerts"
    assert read_all(broken.log, name) == read_all(whole.log, name)
    assert whole.pinned() == broken.pinned() == [4]
    found = hours(whole.log)
    assert found["H002"] == [*range(3, 58, 2)]
    assert found["H001"] == [*range(3, 21, 2)]


def test_rules_about_values_hold_scaled_powers_against_their_limits() -> None:
    rule = StateRule(id="high", channels=("power_kw",), raise_above=10 * KWH, clear_at=10 * KWH)
    campus = Campus()
    campus.put("device/H001", Device(name="CT", channels={"power_kw": ChannelFacts(scale="4")}))
    at_work = detector(campus, rule)
    send_power(campus, 0, 40)
    work(at_work)
    events: list[AlertEvent] = campus.events()
    assert [(event[0], event[1]) for event in told(events)] == [
        ("H001", "firing"), ("H001", "resolved"),
    ]  # fmt: skip
    assert max(event.observed for event in events) == 12 * KWH
