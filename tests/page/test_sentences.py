"""What alerts of every kind say, made of their fields: in English, and in the reader's language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from energyguard.alerts.alert import Alert
from energyguard.detection.evidence import CONTEXT, EVIDENCE
from energyguard.model.alerts import Severity, State
from energyguard.model.quantities import NANO
from energyguard.model.topics import EDGE_LINKS
from energyguard.page.words.evidence import evidence_words, reasons_words
from energyguard.page.words.language import reader, speak, speaking
from energyguard.page.words.refusals import why_refused
from energyguard.page.words.rules import rule_summary
from energyguard.page.words.sentences import alert_sentence, why_ended
from energyguard.rules.rule import STOPPED, Rule
from energyguard.rules.toml import parse_rules

MINUTE = 60_000
RULES = """
[[rule]]
kind = "threshold"
id = "warm"
channels = ["temperature_c"]
window = "10 minutes"
slide = "1 minute"
raise_above = 28
[[rule]]
id = "surely"
channels = ["energy_kwh"]
window = "15 minutes"
slide = "1 minute"
raise_above = 2
basis = "low"
[[rule]]
kind = "rate"
id = "climbs"
channels = ["temperature_c"]
window = "5 minutes"
slide = "1 minute"
per = "1 hour"
direction = "up"
raise_above = 60
[[rule]]
kind = "state"
id = "high"
channels = ["power_kw"]
raise_above = 11
longer_than = "2 minutes"
[[rule]]
kind = "silence"
id = "mute"
longer_than = "90 minutes"
[[rule]]
kind = "profile"
id = "unusual"
channels = ["power_kw"]
sigmas = 4
[[rule]]
kind = "unusual"
id = "unlike"
channels = ["energy_kwh"]
[[rule]]
kind = "demand"
id = "contract"
channels = ["power_kw"]
raise_above = 250
[[rule]]
kind = "agree"
id = "fits"
check = "power"
channels = ["power_kw", "voltage_v", "current_a"]
[[rule]]
kind = "agree"
id = "frozen"
check = "still"
channels = ["power_kw", "voltage_v", "current_a"]
"""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    token = speaking.set(None)
    yield
    speaking.reset(token)


@pytest.fixture
def rules() -> dict[str, Rule]:
    return {rule.id: rule for rule in parse_rules(RULES)}


def alert(
    rule: str, expected: float, unit: str, *, window_ms: int = 0, peak: float | None = None,
    evidence: Mapping[str, int] | None = None, topic: str = "energy_readings",
) -> Alert:  # fmt: skip
    seen = round((expected + 1 if peak is None else peak) * NANO)
    return Alert(
        id="a", rule=rule, device="p4", channel="", topic=topic, severity=Severity.WARNING,
        state=State.FIRING, condition=State.FIRING, since_ms=0, changed_ms=0, window_start_ms=0,
        window_end_ms=window_ms, observed=seen, expected=round(expected * NANO), peak=seen,
        unit=unit, about="p4 as the worker has it", evidence=dict(evidence or {}),
    )  # fmt: skip


USUAL = {"usual": 8 * NANO, "zscore": 5 * NANO, "half_hour": 61 * NANO}
UNLIKE = {
    name: round(amount * NANO)
    for name, amount in {
        "usual": 0.3, "usual_low": 0.1, "usual_high": 0.4, "weeks": 22, "slot": 0.25,
        "opened": 490_000.25, "since": 489_999, "kind/stuck_on": 1, "next/leak": 1,
        "reason/lowest of 4 h, spreads above usual": 9.8,
    }.items()
}  # fmt: skip
PACE = {"so_far": 36 * NANO, "pace": 290 * NANO, "left_s": 360 * NANO}
LOST = {"so_far": 70 * NANO, "pace": 20 * NANO, "left_s": 360 * NANO}
STILL = {"current_a still": 3, "current_a": 4 * NANO, "power_kw still": 1}
CASES = (
    (
        alert("warm", 28, "°C", window_ms=10 * MINUTE),
        "Attic passed 28\u00a0°C on the mean of 10\u00a0min",
        "Attic kam im Mittel von 10\u00a0min über 28\u00a0°C",
    ),
    (
        alert("surely", 2, "kWh", window_ms=15 * MINUTE),
        "Attic passed 2\u00a0kWh in 15\u00a0min, by what is certain at least",
        "Attic kam in 15\u00a0min über 2\u00a0kWh, nach dem, was mindestens sicher ist",
    ),
    (
        alert("climbs", 60, "°C per hour", window_ms=5 * MINUTE),
        "Attic rose faster than 60\u00a0°C/h",
        "Attic stieg schneller als 60\u00a0°C/h",
    ),
    (
        alert("high", 11.5, "kW"),
        "Attic was above 11.5\u00a0kW for longer than 2\u00a0min",
        "Attic lag länger als 2\u00a0min über 11,5\u00a0kW",
    ),
    (
        alert("mute", 90 * 60, "s"),
        "Attic has sent nothing for 90\u00a0min",
        "Attic hat seit 90\u00a0min nichts gesendet",
    ),
    (
        alert("unusual", 12, "kW", evidence=USUAL),
        "Attic went above the usual: 8.00\u00a0kW on Tue 06:30–07:00",
        "Attic kam über das Übliche: 8,00\u00a0kW (Di. 06:30–07:00)",
    ),
    (
        alert("unlike", 0.3, "kW", peak=1.75, evidence=UNLIKE),
        "Attic: something stays on, 1.75\u00a0kW where 0.1 to 0.4\u00a0kW is usual",
        "Attic: etwas bleibt an, 1,75\u00a0kW, wo 0,1 bis 0,4\u00a0kW üblich sind",
    ),
    (
        alert("unlike", 0.3, "kW"),
        "Attic: use is unlike what is usual for it",
        "Attic: Der Verbrauch ist anders als dort üblich",
    ),
    (
        alert("contract", 250, "kW", peak=262, evidence=PACE),
        "Attic: at this pace 262\u00a0kW, limit 250\u00a0kW: shed 30.0\u00a0kW in 6\u00a0min",
        "Attic: So weiter werden es 262\u00a0kW, Grenze 250\u00a0kW: in 6\u00a0min um "
        "30,0\u00a0kW senken",
    ),
    (
        alert("contract", 250, "kW", peak=288, evidence=LOST),
        "Attic: at this pace 288\u00a0kW, limit 250\u00a0kW: passed in 6\u00a0min, whatever is "
        "switched off",
        "Attic: So weiter werden es 288\u00a0kW, Grenze 250\u00a0kW: in 6\u00a0min überschritten, "
        "was auch immer abgeschaltet wird",
    ),
    (
        alert("fits", 2, "kW"),
        "Attic: power does not fit voltage and current",
        "Attic: Die Leistung passt nicht zu Spannung und Strom",
    ),
    (
        alert("frozen", 1200, "s", evidence=STILL),
        "Attic: Current stands still at 4.00\u00a0A, while other values move",
        "Attic: Strom steht bei 4,00\u00a0A still, während sich andere Werte ändern",
    ),
    (
        alert("edge-silent", 30, "s", topic=EDGE_LINKS.name),
        "Edge Attic has not been heard for 30\u00a0s: look after its power and its network; what "
        "it measures waits on its disk",
        "Die Außenstelle Attic meldet sich seit 30\u00a0s nicht: Sehen Sie dort nach Strom und "
        "Netzwerk; was sie misst, wartet auf ihrer Festplatte",
    ),
)  # fmt: skip


@pytest.mark.parametrize(("found", "english", "german"), CASES, ids=[c[1] for c in CASES])
def test_each_kind_has_its_sentence(
    found: Alert, english: str, german: str, rules: dict[str, Rule]
) -> None:
    assert alert_sentence(found, "Attic", rules.get(found.rule)) == english
    speak(reader("de"))
    assert alert_sentence(found, "Attic", rules.get(found.rule)) == german


def test_every_evidence_that_may_be_a_reason_has_words() -> None:
    may = [e for n, e in enumerate(EVIDENCE) if n not in CONTEXT]
    for evidence in may:
        for number in (-1.0, 1.0):
            words = evidence_words(evidence.name, number)
            assert words != evidence.name
            assert "{" not in words
    assert evidence_words("lowest of 4 h, spreads above usual", 9.8) == (
        "in 4 h it did not fall to its usual low"
    )
    assert evidence_words("unlikeliness of repeats at zero", 20) != evidence_words(
        "unlikeliness of repeats above zero", 20
    )
    speak(reader("de"))
    reasons = [("sum of 1 h, spreads", -5.0), ("sum of 1 h, sizes", -1.0), ("of a meteorite", 1.0)]
    assert reasons_words(reasons) == "in 1 h viel weniger als sonst um diese Zeit; of a meteorite"


def test_without_its_rule_it_is_as_the_worker_has_it() -> None:
    assert alert_sentence(alert("gone", 2, "kW"), "Attic", None) == "Attic as the worker has it"
    summed = alert("gone", 2, "kWh", window_ms=15 * MINUTE)
    assert alert_sentence(summed, "Attic", None) == "Attic passed 2\u00a0kWh in 15\u00a0min"


def test_each_rule_says_what_it_does(rules: dict[str, Rule]) -> None:
    speak(reader("de"))
    assert rule_summary(rules["high"]) == "Meldet mehr als 11\u00a0kW, länger als 2\u00a0min."
    said = {rule_summary(rule) for rule in rules.values()}
    assert len(said) == len(rules)
    assert not any("Raises" in words for words in said)


def test_reasons_are_said_in_the_readers_words_and_others_stay() -> None:
    speak(reader("de"))
    assert why_ended(STOPPED) == "die Regel wurde angehalten"
    assert why_ended("the edge was sold") == "the edge was sold"
    refused = "energy_register_kwh is negative: -0.4 kWh"
    assert why_refused(refused) == "energy_register_kwh ist negativ: -0.4 kWh"
    assert why_refused("a meteorite") == "a meteorite"
