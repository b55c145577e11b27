"""One message to one address: by mail, as a webhook, or through one of many services.

Who sends has to know what to do when it failed: ``Faulty`` is for ever, until somebody changes the
address; ``Unavailable`` may be otherwise in a while. No reason has a secret of the address in it.
"""

from __future__ import annotations

import logging
import smtplib
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape
from threading import get_ident
from typing import Any, Final, NamedTuple

import httpx
import msgspec

from energyguard.clock import SYSTEM
from energyguard.errors import Faulty, Unavailable
from energyguard.notify.mail_subject import MailSubject
from energyguard.notify.targets import MAIL, WEBHOOK, MailServer, Target, mail_server
from energyguard.ports.outside import InsideNetwork, only_outside

TIMEOUT_S: Final = 10.0
MAX_S: Final = 30.0
"""Whoever answers more slowly than that has not answered."""
MAX_BYTES: Final = 100_000
MAX_RETRY_S: Final = 3_600.0
MIN_PART: Final = 1_000
"""A service that takes so many characters at once gets what is longer in parts."""
ID_HEADER: Final = "X-EnergyGuard-Message"
_TRANSIENT: Final = frozenset({408, 425, 429})


class OutMessage(NamedTuple):
    """A message, in the words of who gets it."""

    id: str  # the same whenever it is sent again
    title: str
    text: str
    urgent: bool = False
    content: Mapping[str, Any] = {}  # what programs read, for webhooks
    html: str = ""  # the text for mail; empty: the text alone


def send(target: Target, message: OutMessage, at_ms: int, *, inside: bool = False) -> None:
    """Send a message; when it returns the other side has taken it.

    Args:
        target: to whom.
        message: what.
        at_ms: the wall time.
        inside: whether addresses inside the network may be called.

    Raises:
        Faulty: the other side will not take it, now or later.
        Unavailable: it may, in a while; with what it says of when.
    """
    way = _WAYS.get(target.how, _by_service)
    try:
        with only_outside(allow_inside=inside):
            way(target, message, at_ms)
    except InsideNetwork as error:
        raise Faulty(f"{error}; where that is meant, set notify.inside=true") from None
    except UnicodeError:
        raise Faulty(f"{target.how}: its host or log-in has a text that cannot be sent") from None
    except Unavailable as error:
        reason = target.without_secrets(str(error))
        raise Unavailable(reason, error.retry_after) from None
    except Faulty as error:
        raise Faulty(target.without_secrets(str(error))) from None


def _by_mail(target: Target, message: OutMessage, at_ms: int) -> None:
    server = mail_server(target.address)
    mail = EmailMessage()
    mail["Subject"] = MailSubject(message.title)
    mail["From"], mail["To"] = server.sender, ", ".join(server.to)
    mail["Date"] = format_datetime(datetime.fromtimestamp(at_ms / 1000, UTC))
    mail["Message-ID"] = f"<{message.id}@{server.sender.rpartition('@')[2]}>"
    mail[ID_HEADER], mail["Auto-Submitted"] = message.id, "auto-generated"
    if message.urgent:
        mail["Importance"] = "high"
    mail.set_content(message.text)
    if message.html:
        mail.add_alternative(message.html, subtype="html")
    try:
        with _connected(server) as connection:
            connection.ehlo_or_helo_if_needed()  # before that it does not say what it has
            if not server.is_tls and connection.has_extn("starttls"):
                connection.starttls(context=ssl.create_default_context())
            elif server.user and not server.is_tls:
                raise Faulty(f"{server.host} has no TLS: all could read the password on its way")
            if server.user:
                connection.login(server.user, server.password)
            refused = connection.send_message(mail)
    except smtplib.SMTPException as error:
        raise _mail_fault(server.host, error) from None
    except OSError as error:
        why = error.strerror or error or "no answer"
        raise Unavailable(f"{server.host}: cannot be reached ({why})") from None
    if refused:
        raise Faulty("; ".join(f"{who}: {_words(answer)}" for who, answer in refused.items()))


def _connected(server: MailServer) -> smtplib.SMTP:
    """A connection; by TLS only with who has a certificate of that name."""
    if server.is_tls:
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_S, context=context)
    return smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)


def _mail_fault(host: str, error: smtplib.SMTPException) -> Faulty | Unavailable:
    """What a mail server's refusal means: from 500 on it is for ever."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answers = list(error.recipients.items())
        words = "; ".join(f"{who}: {_words(answer)}" for who, answer in answers)
        codes = [answer[0] for _, answer in answers]
    elif isinstance(error, smtplib.SMTPResponseException):
        words, codes = _words((error.smtp_code, error.smtp_error)), [error.smtp_code]
    else:
        words, codes = str(error), [0]
    if codes and min(codes) >= 500:
        return Faulty(f"{host} refuses: {words}")
    return Unavailable(f"{host}: {words}")


def _words(answer: tuple[int, bytes | str]) -> str:
    code, text = answer
    return f"{code} {text.decode('utf-8', 'replace') if isinstance(text, bytes) else text}"


def _by_webhook(target: Target, message: OutMessage, at_ms: int) -> None:
    body = {
        "id": message.id, "sent_ms": at_ms, "title": message.title, "text": message.text,
        **message.content,
    }  # fmt: skip
    headers = {"Content-Type": "application/json", ID_HEADER: message.id}
    headers["Idempotency-Key"] = message.id
    until_s = SYSTEM.monotonic() + MAX_S
    try:
        with (
            httpx.Client(timeout=TIMEOUT_S, trust_env=False) as client,
            client.stream(
                "POST", target.address, content=msgspec.json.encode(body), headers=headers
            ) as answer,
        ):
            _read_some(answer, until_s)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise Faulty(f"{target.to}: {error}") from None
    except httpx.TimeoutException:
        raise Unavailable(f"{target.to}: no answer within {TIMEOUT_S:.0f} s") from None
    except httpx.ConnectError as error:
        raise Unavailable(f"{target.to}: cannot be reached ({error})") from None
    except httpx.HTTPError as error:
        raise Unavailable(f"{target.to}: {str(error) or type(error).__name__}") from None
    _check_answer(target.to, answer)


def _read_some(answer: httpx.Response, until_s: float) -> None:
    """Read an answer to its end; who goes on for ever, or very slowly, is left."""
    size = 0
    for part in answer.iter_raw():
        size += len(part)
        if size > MAX_BYTES:
            return
        if SYSTEM.monotonic() > until_s:
            raise httpx.ReadTimeout("")


def _check_answer(to: str, answer: httpx.Response) -> None:
    status = answer.status_code
    if answer.is_success:
        return
    if answer.has_redirect_location:
        raise Faulty(f"{to}: leads elsewhere (status {status}): enter that address itself")
    if status in _TRANSIENT or status >= 500:
        wait = answer.headers.get("retry-after", "")
        retry_s = min(float(wait), MAX_RETRY_S) if wait.isdecimal() else 0.0
        raise Unavailable(f"{to}: answers {status}", retry_s)
    raise Faulty(f"{to}: answers {status}")


def _by_service(target: Target, message: OutMessage, at_ms: int) -> None:
    # a second of work, where it is needed
    from apprise import Apprise, AppriseAsset, NotifyType, OverflowMode

    asset = AppriseAsset(app_id="EnergyGuard", http_redirects=False, async_mode=False)
    with _words_of("apprise") as words:
        service = Apprise.instantiate(target.address, asset=asset, suppress_exceptions=True)
        if service is None:
            raise Faulty(f"this is no address of {target.how}: {_last(words)}")
        service.socket_read_timeout = service.socket_connect_timeout = TIMEOUT_S
        if getattr(service, "template", None):
            raise Faulty(f"{target.how}: an address with template= reads files of this machine")
        kind = NotifyType.FAILURE if message.urgent else NotifyType.INFO
        title, body, written = _for_service(service, message)
        is_split = service.body_maxlen >= MIN_PART  # whoever sends SMS splits them himself
        sent = service.notify(
            body=body, title=title, notify_type=kind, body_format=written,
            overflow=OverflowMode.SPLIT if is_split else None,
        )  # fmt: skip
    if not sent:
        raise Unavailable(f"{target.how}: {_last(words)}", 0.0)


def _for_service(service: Any, message: OutMessage) -> tuple[str, str, str | None]:
    """Title, text and their format, so that names of devices are no markup.

    A service that has Markdown alone gets the text as it is: escaped, its links lead nowhere.
    """
    from apprise import NotifyFormat

    shown = service.resolve_format(NotifyFormat.TEXT)
    if shown is NotifyFormat.HTML:
        is_in_body = service.title_maxlen <= 0
        title = escape(message.title, quote=False) if is_in_body else message.title
        return title, escape(message.text, quote=False), NotifyFormat.HTML
    return message.title, message.text, NotifyFormat.TEXT if shown is NotifyFormat.TEXT else None


def _last(words: list[str]) -> str:
    return words[-1].strip() if words else "it does not say why"


@contextmanager
def _words_of(name: str) -> Iterator[list[str]]:
    """What a library logs in this thread meanwhile, from warnings on."""
    words, thread = list[str](), get_ident()

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.thread == thread:
                words.append(record.getMessage())

    listener, library = Listener(logging.WARNING), logging.getLogger(name)
    library.addHandler(listener)
    try:
        yield words
    finally:
        library.removeHandler(listener)


_WAYS: Final[Mapping[str, Callable[[Target, OutMessage, int], None]]] = {
    MAIL: _by_mail,
    WEBHOOK: _by_webhook,
}
