"""An address as people write it: what kind it is, and what of it may be shown.

smtps://user:password@mail.example.org?to=mara@example.org    mail; smtp: with STARTTLS
https://hooks.example.org/a/b                                 a webhook: JSON by POST
ntfys://ntfy.example.org/energy, tgram://TOKEN/CHAT, …        a service of ``SERVICES``
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from energyguard.errors import Malformed

MAIL, WEBHOOK = "mail", "webhook"
SERVICES: Final = {
    "ntfy": "ntfy",
    "ntfys": "ntfy",
    "tgram": "Telegram",
    "slack": "Slack",
    "workflow": "Microsoft Teams",
    "workflows": "Microsoft Teams",
    "discord": "Discord",
    "matrix": "Matrix",
    "matrixs": "Matrix",
    "signal": "Signal",
    "signals": "Signal",
    "pover": "Pushover",
    "gotify": "Gotify",
    "gotifys": "Gotify",
    "mmost": "Mattermost",
    "mmosts": "Mattermost",
    "rocket": "Rocket.Chat",
    "rockets": "Rocket.Chat",
    "gchat": "Google Chat",
    "pagerduty": "PagerDuty",
    "opsgenie": "Opsgenie",
    "zulip": "Zulip",
    "webex": "Webex",
    "hassio": "Home Assistant",
    "hassios": "Home Assistant",
    "twilio": "Twilio",
    "pbul": "Pushbullet",
}
"""Services by the scheme of their addresses, as Apprise writes them: those that HTTP reaches."""
MAX_ADDRESS: Final = 2_000
HIDDEN: Final = "***"
_MAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+")
_WAYS: Final = "smtps://USER:PASSWORD@HOST?to=WHO@EXAMPLE.ORG, https://…, ntfys://HOST/TOPIC"


class Target(NamedTuple):
    """An address, and what may be shown of it."""

    how: str
    to: str
    address: str

    def without_secrets(self, text: str) -> str:
        """A text in which nothing stands that only the address knows."""
        for secret in sorted(_secrets(self.address), key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        return text


class MailServer(NamedTuple):
    """Where mail is handed in, and from whom to whom it goes."""

    host: str
    port: int
    is_tls: bool  # from the first byte; else STARTTLS, where the server has it
    user: str
    password: str
    sender: str
    to: Sequence[str]


def target_of(address: str) -> Target:
    """What an address is.

    Raises:
        Malformed: it is none.
    """
    address = address.strip()
    if len(address) > MAX_ADDRESS or not address.isprintable() or " " in address:
        raise Malformed(f"this is no address: write one like {_WAYS}", "address")
    parts = _split(address)
    if parts.scheme in ("smtp", "smtps"):
        server = mail_server(address)
        return Target(MAIL, f"{', '.join(server.to)} ({server.host})", address)
    if parts.scheme in ("http", "https"):
        if not parts.hostname:
            raise Malformed("this address names no host", "address")
        return Target(WEBHOOK, f"{parts.scheme}://{parts.hostname}/…", address)
    if (service := SERVICES.get(parts.scheme)) is not None:
        return Target(service, service, address)
    known = ", ".join(f"{scheme}://" for scheme in ("smtps", "https", *SERVICES))
    raise Malformed(f"{parts.scheme or 'this'}: no kind of address; there are {known}", "address")


def mail_server(address: str) -> MailServer:
    """The parts of a mail server's address.

    Raises:
        Malformed: one is missing, or is none.
    """
    parts = _split(address)
    given = dict(parse_qsl(parts.query))
    to = [mail.strip() for mail in given.get("to", "").split(",") if mail.strip()]
    user = unquote(parts.username or "")
    sender = given.get("from") or (user if "@" in user else (to or [""])[0])
    if not parts.hostname:
        raise Malformed("say which server takes the mail", "server")
    if not to or not all(map(_MAIL.fullmatch, (*to, sender))):
        raise Malformed("to: write addresses such as mara@example.org, with commas between", "to")
    is_tls = parts.scheme == "smtps"
    port = parts.port or (465 if is_tls else 587)
    password = unquote(parts.password or "")
    return MailServer(parts.hostname, port, is_tls, user, password, sender, to)


def mail_address(to: str, server: str, user: str = "", password: str = "", sender: str = "") -> str:
    """The address of mail, of what people enter in fields.

    Args:
        to: who gets it, with commas between.
        server: ``smtps://mail.example.org``, or a host with or without its port.
        user: who hands it in; empty: without a log-in.
        password: the user's.
        sender: from whom it is; empty: from the user.

    Raises:
        Malformed: one of them is none.
    """
    scheme, _, host = server.rpartition("://")
    login = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user else ""
    query = urlencode({"to": to.replace(" ", ""), **({"from": sender} if sender else {})})
    address = f"{scheme or 'smtps'}://{login}{host.strip('/')}?{query}"
    return target_of(address).address


def _split(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        if parts.scheme not in SERVICES:  # which write other things where a port stands
            _ = parts.port  # is looked at only now
    except ValueError:
        raise Malformed(f"this is no address: write one like {_WAYS}", "address") from None
    return parts


def _secrets(address: str) -> set[str]:
    """All of an address that is no host and no mail address: and the whole."""
    parts = urlsplit(address)
    found = {address, parts.username or "", parts.password or "", *parts.path.split("/")}
    found |= {value for _, value in parse_qsl(parts.query)} | {parts.query, parts.path}
    if parts.scheme in SERVICES:
        found.add(parts.netloc)
    found |= {unquote(part) for part in found}
    mail = parts.scheme in ("smtp", "smtps")
    return {part for part in found if len(part) > 3 and not (mail and _MAIL.search(part))}
