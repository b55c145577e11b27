"""Addresses as people write them: what they are, and what of them is shown."""

from __future__ import annotations

import pytest

from energyguard.errors import Malformed
from energyguard.notify.targets import mail_address, mail_server, target_of

MAIL = "smtps://mara:s3cr3t%2Fpass@mail.example.org?to=jan@example.org,desk@example.org"


@pytest.mark.parametrize(
    ("address", "how", "to"),
    [
        (MAIL, "mail", "jan@example.org, desk@example.org (mail.example.org)"),
        ("https://hooks.example.org/T0/s3cr3t?key=s3cr3t", "webhook", "https://hooks.example.org/…"),
        ("ntfys://s3cr3t@ntfy.example.org/s3cr3t", "ntfy", "ntfy"),
        ("tgram://123456789:s3cr3t/12315544/", "Telegram", "Telegram"),
        ("slack://s3cr3tA/B/C/#energy", "Slack", "Slack"),
    ],
)  # fmt: skip
def test_an_address_shows_where_it_leads_and_no_secret(address: str, how: str, to: str) -> None:
    target = target_of(address)
    assert (target.how, target.to) == (how, to)
    assert "s3cr3t" not in to


def test_a_reason_has_no_secret_of_the_address() -> None:
    target = target_of(MAIL)
    text = target.without_secrets(f"{MAIL}: s3cr3t/pass is wrong, s3cr3t%2Fpass; jan@example.org")
    assert text.endswith(": *** is wrong, ***; jan@example.org")
    assert "s3cr3t" not in text
    hook = target_of("https://hooks.example.org/T0/s3cr3t-path?key=abcd1234")
    words = "POST /T0/s3cr3t-path?key=abcd1234 at hooks.example.org, abcd1234"
    assert "s3cr3t" not in hook.without_secrets(words)
    assert "abcd" not in hook.without_secrets(words)
    assert "hooks.example.org" in hook.without_secrets(words)


def test_mail_is_put_together_of_what_people_enter() -> None:
    to = "jan@example.org, desk@example.org"
    address = mail_address(to, "mail.example.org", "mara@x.org", "a@/b")
    server = mail_server(address)
    assert server == (
        "mail.example.org", 465, True, "mara@x.org", "a@/b", "mara@x.org",
        ["jan@example.org", "desk@example.org"],
    )  # fmt: skip
    plain = mail_server(mail_address("jan@example.org", "smtp://mail.example.org"))
    assert (plain.port, plain.is_tls, plain.user) == (587, False, "")
    assert plain.sender == "jan@example.org"


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        ("mail to me", "this is no address"),
        ("", "this: no kind of address"),
        ("file:///etc/passwd", "file: no kind of address; there are smtps://, https://, ntfy://"),
        ("syslog://", "syslog: no kind"),
        ("https:///path", "names no host"),
        ("http://[::1", "this is no address"),
        ("https://a.example:99999/", "this is no address"),
        ("smtps://mail.example.org", "to: write addresses"),
        ("smtps://mail.example.org?to=jan", "to: write addresses"),
        ("smtps://mail.example.org?to=jan@example.org%0ABcc:x@y.z", "to: write addresses"),
        ("smtps:?to=jan@example.org", "say which server"),
        (f"https://a.example/{'x' * 2_000}", "this is no address"),
    ],
)
def test_what_is_no_address_is_refused(address: str, fault: str) -> None:
    with pytest.raises(Malformed, match=fault):
        target_of(address)
