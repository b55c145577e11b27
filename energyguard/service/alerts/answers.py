"""*That was us*: the answer of a device's people to an alert, and taking it back.

Everybody reads it at the alert. Of unusual use it also raises the bar of this kind for this device
(``rules/unusual/answers.py``): a change of the rule, with its author, as any other.
"""

from __future__ import annotations

from energyguard.alerts.alert import Alert
from energyguard.errors import NotFound
from energyguard.rules.kinds.unusual import UnusualRule
from energyguard.rules.unusual.answers import PeopleAnswer, write_answers
from energyguard.rules.unusual.evidence import UnusualEvidence
from energyguard.service.contract import Service

WAS_US, NOT_US = "That was us", "That was not us"


def answer_of(service: Service, alert: Alert) -> tuple[UnusualRule, PeopleAnswer] | None:
    """What the rule of an alert would learn by the answer; None: it is not of a rule that does."""
    known = UnusualEvidence.of(alert.observed, alert.evidence)
    try:
        rule = service.rules.get(alert.rule)
    except NotFound:
        return None
    if known is None or not isinstance(rule, UnusualRule):
        return None
    return rule, PeopleAnswer(known.alert.kind, alert.since_ms)


def was_us(service: Service, alert_id: str, by: str, note: str = WAS_US) -> Alert:
    """Say that an alert was no news: everybody reads it, and such alerts become rarer here.

    Raises:
        NotFound: there is no such alert.
    """
    alert = service.book.get(alert_id)
    if (found := answer_of(service, alert)) is not None:
        rule, answer = found
        answers = rule.answers(alert.device)
        if answer not in answers:
            text = write_answers((*answers, answer))
            service.change_rule(rule.id, by=by, device=alert.device, ours=text)
    return service.acknowledge(alert_id, by=by, note=note)


def not_us(service: Service, alert_id: str, by: str, note: str = NOT_US) -> Alert:
    """Take an answer back.

    Raises:
        NotFound: there is no such alert.
    """
    alert = service.book.get(alert_id)
    if (found := answer_of(service, alert)) is not None:
        take_back(service, found[0], alert.device, found[1], by)
    return service.acknowledge(alert_id, by=by, note=note)


def take_back(
    service: Service, rule: UnusualRule, device: str, answer: PeopleAnswer, by: str
) -> None:
    """Let a rule have a device without an answer.

    Raises:
        NotFound: there is no such rule.
    """
    answers = rule.answers(device)
    if answer not in answers:
        return
    left = write_answers(other for other in answers if other != answer)
    if left or rule.overrides.get(device, {}).keys() != {"ours"}:
        service.change_rule(rule.id, by=by, device=device, ours=left)
    else:
        service.reset_rule(rule.id, by=by, device=device)
