"""Messages by mail, as a real mail server gets them: subject, text and HTML."""

from __future__ import annotations

import re
from email.message import EmailMessage
from typing import Any

import pytest

from energyguard.model.alerts import Severity
from energyguard.model.catalogue import Device, Site
from energyguard.notifier.subjects import subject_of
from energyguard.page.words.language import reader, speak
from tests.notifier.made import House, ends, enter, fires
from tests.notify.servers import Mailbox

USUAL = (("usual", 400_000_000),)
USUALLY = "H017: 2.31 kW, usually 0.4 kW"


def part(mail: EmailMessage, kind: str) -> str:
    """What a mail has as ``plain`` or ``html``, with a space where a line must not break."""
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\u00a0", " ")


def subject(mail: EmailMessage) -> str:
    return str(mail["Subject"]).replace("\u00a0", " ")


def test_mail_says_what_where_since_when_and_what_can_be_done(
    house: House, mailbox: Mailbox
) -> None:
    house.route("desk", mailbox.address(), language="de")
    house.raise_(fires(severity=Severity.CRITICAL))
    house.pass_time()
    (mail,) = mailbox.mails
    assert mail["To"] == "mara@example.org"
    assert mail["Importance"] == "high"
    assert subject(mail) == "Dringend: H017: 2,31 kWh in 15 min, Grenze 2 kWh"
    assert mail.get_content_type() == "multipart/alternative"
    lines = part(mail, "plain").splitlines()
    assert lines[0].startswith("Dringend: H017 kam")
    assert lines[1:4] == [
        "Wo: H017",
        "Seit: Sa., 6.9., 12:00",
        "Gesehen: 2,31 kWh; erwartet: 2 kWh",
    ]
    assert lines[4] == "Öffnen: https://energy.example.org/alerts/a1"
    assert lines[5].startswith("Übernehmen: https://energy.example.org/answer?key=")
    (one,) = house.deliveries()
    assert mail["Message-ID"] == f"<{one.message}@example.org>"


def test_buttons_of_a_mail_lead_where_its_text_says(house: House, mailbox: Mailbox) -> None:
    house.route("desk", mailbox.address())
    house.raise_(fires())
    house.pass_time()
    house.raise_(ends())
    house.pass_time()
    begun, over = mailbox.mails
    found = re.findall(r'<a href="([^"]+)"[^>]*>([^<]+)</a>', part(begun, "html"))
    links = [(words, link.replace("&amp;", "&")) for link, words in found]
    assert [words for words, _link in links] == ["Look at it", "Acknowledge", "Silence"]
    in_text = [line.split(": ")[1] for line in part(begun, "plain").splitlines() if "https" in line]
    assert [link for _words, link in links] == in_text
    assert "Over since" in part(over, "html")
    assert "<a " not in part(over, "html")  # nothing is left to be done


def test_names_are_no_html_of_a_mail(house: House, mailbox: Mailbox) -> None:
    enter(house.log, device_H017=Device(name="<b>Oven</b> & co"))
    house.route("desk", mailbox.address())
    house.raise_(fires())
    house.pass_time()
    (mail,) = mailbox.mails
    assert "<b>" not in part(mail, "html")
    assert "&lt;b&gt;Oven&lt;/b&gt; &amp; co passed 2 kWh" in part(mail, "html")
    assert subject(mail).startswith("<b>Oven</b> & co: 2.31 kWh")
    assert "Where: <b>Oven</b> & co" in part(mail, "plain").splitlines()


def test_a_limit_that_was_passed_by_little_does_not_look_alike(
    house: House, mailbox: Mailbox
) -> None:
    house.route("desk", mailbox.address())
    house.raise_(fires(observed=50_400_000, peak=50_400_000, expected=50_000_000))
    house.pass_time()
    (mail,) = mailbox.mails
    assert subject(mail) == "H017: 0.0504 kWh in 15 min, limit 0.05 kWh"
    assert "Seen: 0.0504 kWh; expected: 0.05 kWh" in part(mail, "plain")
    assert "Seen: 0.0504 kWh; expected: 0.05 kWh" in part(mail, "html")


def test_a_subject_of_several_begins_with_the_worst_and_says_where(
    house: House, mailbox: Mailbox
) -> None:
    enter(
        house.log,
        site_lindenhof=Site(name="Lindenhof 12"),
        device_H017=Device(site="lindenhof", name="Oven"),
        device_H018=Device(site="lindenhof", name="Kitchen"),
    )
    house.route("desk", mailbox.address())
    house.raise_(fires("a1"), fires("a2", device="H018", severity=Severity.CRITICAL))
    house.pass_time()
    (mail,) = mailbox.mails
    assert subject(mail) == (
        "2 alerts at Lindenhof 12: Urgent: Kitchen: 2.31 kWh in 15 min, limit 2 kWh"
        " · Oven: 2.31 kWh in 15 min, limit 2 kWh"
    )


@pytest.mark.parametrize(
    ("rule", "fields", "expected"),
    [
        ("too-warm", {"unit": "°C"}, "H017: 2.31 °C on the mean of 15 min, limit 2 °C"),
        ("floor-kw", {"unit": "kW"}, "H017: 2.31 kW, limit 2 kW"),
        ("pattern-kw", {"unit": "kW", "evidence": USUAL}, USUALLY),
        ("household-unusual", {"unit": "kW", "evidence": USUAL}, USUALLY),
        ("is-no-more", {}, "H017 passed 2 kWh in 15 min"),
    ],
)
def test_a_subject_says_what_is_known_of_its_rule(
    house: House, mailbox: Mailbox, rule: str, fields: dict[str, Any], expected: str
) -> None:
    house.route("desk", mailbox.address())
    house.raise_(fires(rule=rule, **fields))
    house.pass_time()
    (mail,) = mailbox.mails
    assert subject(mail) == expected
    limit = "0.4" if expected is USUALLY else "2"
    assert f"expected: {limit} {fields.get('unit', 'kWh')}" in part(mail, "plain")


def test_a_long_subject_is_cut_between_alerts() -> None:
    speak(reader())
    what = [f"Meter {n:02}: 2.31 kWh in 15 min, limit 2 kWh" for n in range(9)]
    shown = subject_of(what, ["Lindenhof 12"])
    assert shown == f"9 alerts at Lindenhof 12: {what[0]} · {what[1]} …"
