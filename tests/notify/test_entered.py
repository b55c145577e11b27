"""Addresses made of the fields that a service needs."""

from __future__ import annotations

import pytest
from apprise import Apprise

from energyguard.errors import Malformed
from energyguard.notify.entered import ADDRESS_FORMS, address_of
from energyguard.notify.targets import MAIL, WEBHOOK, mail_server, target_of

HOOKS = {
    "Slack": "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    "Discord": "https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
    "Microsoft Teams": "https://prod-15.westus.logic.azure.com:443/workflows/643e69f83c8944/"
    "triggers/manual/paths/invoke?api-version=2016-06-01&sig=KODuebWbDGYFr0z0eu",
    "Google Chat": "https://chat.googleapis.com/v1/spaces/space1/messages?key=k3y&token=t0k3n",
}
REAL = {"key": "u" * 30, "token": "a" * 30}
OWN = (MAIL, WEBHOOK, "other")
"""Those that are no service of Apprise's, or any."""


@pytest.mark.parametrize("service", [name for name in ADDRESS_FORMS if name not in OWN])
def test_what_a_service_needs_makes_an_address_that_it_knows(service: str) -> None:
    examples = {field.name: field.example for field in ADDRESS_FORMS[service].fields}
    if service in HOOKS:
        examples = {"url": HOOKS[service]}
    elif service == "Pushover":
        examples = REAL
    elif service == "Matrix":
        examples["password"] = "p@ss/w:rd"
    address = address_of(service, examples)
    assert target_of(address).how == service
    assert Apprise.instantiate(address) is not None


def test_values_come_whole_and_where_they_belong() -> None:
    ntfy = {"server": "http://127.0.0.1:8080", "topic": "energy 1", "token": "tk_a/b"}
    assert address_of("ntfy", ntfy) == "ntfy://tk_a%2Fb@127.0.0.1:8080/energy%201"
    assert address_of("ntfy", {"server": "ntfy.sh", "topic": "x"}) == "ntfys://ntfy.sh/x"
    signal = {"server": "https://s.example.org", "from": "+491", "to": "+492"}
    assert address_of("Signal", signal) == "signals://s.example.org/+491/+492"
    mail = {"to": "a@example.org", "server": "mail.example.org", "user": "u@x", "password": "p@:/"}
    server = mail_server(address_of(MAIL, mail))
    assert (server.port, server.user, server.password) == (465, "u@x", "p@:/")
    hook = "https://hooks.example.org/a?b=c"
    assert address_of(WEBHOOK, {"url": f" {hook} "}) == hook
    assert address_of("other", {"address": "tgram://1:a/2"}) == "tgram://1:a/2"


@pytest.mark.parametrize(
    ("service", "entered", "field"),
    [
        ("fax", {}, "service"),
        ("ntfy", {"server": "ntfy.sh", "topic": " "}, "topic"),
        ("ntfy", {"server": "ftp://ntfy.sh", "topic": "a"}, "server"),
        ("ntfy", {"server": "https://me@ntfy.sh", "topic": "a"}, "server"),
        ("Slack", {"url": "https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2Zw"}, "url"),
        ("Slack", {"url": "hooks.slack.com"}, "url"),
        (MAIL, {"to": "mara", "server": "mail.example.org"}, "to"),
        (MAIL, {"to": "a@example.org", "server": "http://mail.example.org"}, "server"),
        (MAIL, {"to": "a@example.org", "server": "ntfy://mail.example.org"}, "server"),
        (WEBHOOK, {"url": "smtp://mail.example.org?to=a@example.org"}, "url"),
        ("other", {"address": "file:///etc/passwd"}, "address"),
    ],
)
def test_what_is_missing_or_none_is_said_at_its_field(
    service: str, entered: dict[str, str], field: str
) -> None:
    with pytest.raises(Malformed) as refused:
        address_of(service, entered)
    assert refused.value.field == field
