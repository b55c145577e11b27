"""Messages to servers that hang, fail, lead elsewhere, or are inside the network."""

from __future__ import annotations

import re
import socket
import ssl
from email.header import decode_header, make_header
from ipaddress import ip_address
from pathlib import Path
from threading import Thread

import pytest

from energyguard.edge.link.certificates import signed
from energyguard.errors import Faulty, Unavailable
from energyguard.notify import senders
from energyguard.notify.senders import OutMessage, send
from energyguard.notify.targets import Target, mail_address, target_of
from energyguard.ports.outside import InsideNetwork, is_outside, only_outside
from tests.network import Fault, failing
from tests.notify.servers import Hook, Mailbox, mailing
from tests.service.made import NOON

MESSAGE = OutMessage("m1", "Ärger in der Küche", "H017: zu viel", True, {"route": "desk"})


def post(address: str, inside: bool = True) -> None:
    send(target_of(address), MESSAGE, NOON, inside=inside)


def test_a_webhook_gets_json_with_an_id(hook: Hook) -> None:
    post(hook.url)
    assert hook.got == [
        {"id": "m1", "sent_ms": NOON, "title": "Ärger in der Küche", "text": "H017: zu viel",
         "route": "desk"},
    ]  # fmt: skip
    assert hook.ids == ["m1"]


def test_mail_is_mail(mailbox: Mailbox) -> None:
    post(mailbox.address("mara@example.org,jan@example.org"))
    (mail,) = mailbox.mails
    assert (mail["Subject"], mail["To"]) == (MESSAGE.title, "mara@example.org, jan@example.org")
    assert mail["Date"] == "Sat, 06 Sep 2025 12:00:00 +0000"
    assert mail.get_content() == "H017: zu viel\r\n"


@pytest.mark.parametrize(
    "title",
    [
        "3 Meldungen in Größenwahn Straße 12: Dringend: Küche Süd: 2,31 kWh in 15 min, Grenze 2"
        " kWh · Öltank für Öfen: 3,4 kW, üblich 0,4 kW · 厨房の電気メーター: 2.31 kWh 超過 …",
        "Ä Ö Ü " * 60 + "ß",
        "厨房" * 200,
        "👨‍👩‍👧 " * 40 + "x",
        "Meter 1: 2.31 kWh in 15 min, limit 2 kWh; " * 9 + "…",
        "plain words " * 40 + "end",
        "y" * 1_200,
        "=?utf-8?q?no_encoded_word?= =?utf-8?q?of_ours?= passed 2 kWh",
        "a bell \x07 and a colon\x00: X-Of-Mine: yes",
        "",
    ],
)
def test_a_subject_arrives_letter_by_letter(mailbox: Mailbox, title: str) -> None:
    send(target_of(mailbox.address()), MESSAGE._replace(title=title), NOON, inside=True)
    (raw,) = mailbox.raw
    head = raw.partition(b"\r\n\r\n")[0].decode("ascii")
    assert max(map(len, head.split("\r\n"))) <= 78  # RFC 5322 has to have 998, and likes 78
    unfolded = re.sub(r"\r\n(?=[ \t])", "", head)
    (line,) = [line for line in unfolded.split("\r\n") if line.startswith("Subject:")]
    expected = " ".join(title.split(" ")).strip()
    assert str(make_header(decode_header(line.removeprefix("Subject:").strip()))) == expected
    assert str(mailbox.mails[0]["Subject"] or "") == expected


@pytest.mark.parametrize("end", ["\n", "\r\nX-Of-Mine: 1\r\n", "\x85", "\u2028"])
def test_a_device_whose_id_has_a_line_break_is_told_of_and_adds_no_header(
    mailbox: Mailbox, end: str
) -> None:
    title = f"H0{end}Bcc: eve@example.org passed 2 kWh"
    send(target_of(mailbox.address()), MESSAGE._replace(title=title), NOON, inside=True)
    (mail,) = mailbox.mails
    assert mail["Subject"].endswith(" Bcc: eve@example.org passed 2 kWh")
    assert (mail["Bcc"], mail["X-Of-Mine"]) == (None, None)


def test_a_service_is_sent_to_by_its_own_words(hook: Hook) -> None:
    address = f"gotify://127.0.0.1:{hook.server_port}/s3cr3tToken"
    hook.status = 200
    post(address)
    (got,) = hook.got
    assert (got["title"], got["message"]) == (MESSAGE.title, MESSAGE.text)
    hook.status = 401
    with pytest.raises(Unavailable, match=r"Gotify: .*401") as refused:
        post(address)
    assert "s3cr3t" not in str(refused.value)
    with pytest.raises(Faulty, match="no address of Telegram"):
        post("tgram://no-token")


@pytest.fixture
def telegram(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a chat of Telegram, whose server is the hook."""
    from apprise.plugins.telegram import NotifyTelegram

    monkeypatch.setattr(NotifyTelegram, "notify_url", f"http://127.0.0.1:{hook.server_port}/bot")
    hook.status = 200
    return "tgram://123456789:abcdefghijklmnopqrstuvwxyz123456789ABCD/12315544/"


def test_names_are_words_for_a_service_and_no_markup(hook: Hook, telegram: str) -> None:
    title = "<b>Kitchen</b> & co <2 kW"
    send(target_of(telegram), MESSAGE._replace(title=title, text=title), NOON, inside=True)
    (got,) = hook.got
    assert got["parse_mode"] == "HTML"
    assert got["text"].count("&lt;b&gt;Kitchen&lt;/b&gt; &amp; co &lt;2 kW") == 2


def test_what_is_too_long_for_a_service_comes_in_parts(hook: Hook, telegram: str) -> None:
    text = "\n\n".join(f"H{number:03} passed 2 kWh in 15 min" for number in range(400))
    send(target_of(telegram), MESSAGE._replace(text=text), NOON, inside=True)
    assert len(hook.got) > 1
    assert max(len(got["text"]) for got in hook.got) <= 4_096
    assert sum(len(re.findall(r"H\d{3}", got["text"])) for got in hook.got) == 400


@pytest.mark.parametrize("name", ["template", "Template", "%74emplate"])
def test_an_address_has_no_file_of_the_machine_sent(
    hook: Hook, telegram: str, tmp_path: Path, name: str
) -> None:
    file = tmp_path / "rich.json"
    file.write_text('{"blocks": [{"type": "paragraph", "text": "s3cr3t"}]}')
    with pytest.raises(Faulty, match="reads files of this machine"):
        post(f"{telegram}?{name}={file}")
    assert hook.got == []


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("kind", ["http", "gotify"])
def test_who_leads_elsewhere_is_not_followed(hook: Hook, status: int, kind: str) -> None:
    hook.status, hook.headers = status, {"Location": f"http://127.0.0.1:{hook.server_port}/inside"}
    hook.headers["Content-Length"] = "0"
    with pytest.raises((Faulty, Unavailable), match=str(status)):
        post(hook.url if kind == "http" else f"gotify://127.0.0.1:{hook.server_port}/token")
    assert len(hook.got) == 1


@pytest.mark.parametrize("status", [400, 401, 404, 410])
def test_what_a_hook_refuses_is_refused_for_ever(hook: Hook, status: int) -> None:
    hook.status = status
    with pytest.raises(Faulty, match=f"answers {status}"):
        post(hook.url)


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.RESET, Fault.SILENT, Fault.HALF])
@pytest.mark.parametrize("kind", ["http", "smtp", "smtps"])
def test_a_server_that_fails_may_come_back(
    fault: Fault, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(senders, "TIMEOUT_S", 0.3)
    with failing(fault) as port:
        host = f"127.0.0.1:{port}"
        address = f"http://{host}/s3cr3t" if kind == "http" else mail_address(
            "a@example.org", f"{kind}://{host}", "mara", "s3cr3t"
        )  # fmt: skip
        with pytest.raises(Unavailable) as refused:
            post(address)
    assert "s3cr3t" not in str(refused.value)


def test_a_hook_that_answers_for_ever_is_left(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(senders, "MAX_S", 0.3)
    hook.status, hook.drip_s = 200, 0.02
    with pytest.raises(Unavailable, match="no answer within"):
        post(hook.url)


def test_a_password_is_not_sent_for_all_to_read(mailbox: Mailbox) -> None:
    address = mail_address("a@example.org", f"smtp://127.0.0.1:{mailbox.port}", "mara", "s3cr3t")
    with pytest.raises(Faulty, match="has no TLS"):
        post(address)
    assert mailbox.mails == []


@pytest.mark.parametrize("kind", ["smtp", "smtps"])
def test_a_password_goes_by_tls_and_only_to_the_server_that_is_meant(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, key = tmp_path / "server.pem", tmp_path / "server.key"
    for path, text in zip((file, key), signed("localhost", "localhost", None), strict=True):
        path.write_text(text)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(file, key)
    with mailing(**{"tls" if kind == "smtps" else "starttls": server}) as mailbox:
        at = f"{kind}://localhost:{mailbox.port}"
        address = mail_address("a@example.org", at, "mara@example.org", "s3cr3t")
        with pytest.raises(Unavailable, match="CERTIFICATE_VERIFY_FAILED"):
            post(address)
        assert (mailbox.logins, mailbox.mails) == ([], [])
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        post(address)
    assert mailbox.logins == [(b"mara@example.org", b"s3cr3t")]
    assert len(mailbox.mails) == 1


@pytest.mark.parametrize("kind", ["https", "smtp"])
def test_an_address_that_no_protocol_can_write_is_refused_for_ever(kind: str) -> None:
    host = f"{'a' * 64}.example"
    with pytest.raises(Faulty, match="that cannot be sent"):
        post(f"{kind}://{host}/s3cr3t?to=a@example.org")


def test_nothing_inside_the_network_is_called(hook: Hook, mailbox: Mailbox) -> None:
    named = hook.url.replace("127.0.0.1", "localhost")
    service = f"gotify://localhost:{hook.server_port}/token"
    for address in (hook.url, named, mailbox.address(), service):
        with pytest.raises(Faulty, match=r"leads inside the network.*notify\.inside=true"):
            post(address, inside=False)
    assert (hook.got, mailbox.mails) == ([], [])


def test_connections_are_looked_at_in_this_thread_alone(hook: Hook) -> None:
    there, reached = ("127.0.0.1", hook.server_port), list[bool]()

    def call() -> None:
        with socket.create_connection(there):
            reached.append(True)

    with only_outside():
        for name in ("127.0.0.1", "localhost"):
            with pytest.raises(InsideNetwork), socket.socket() as made:
                made.connect((name, hook.server_port))
        other = Thread(target=call)
        other.start()
        other.join()
        with only_outside(allow_inside=True):
            call()
        with pytest.raises(InsideNetwork):
            call()
    call()
    assert reached == [True, True, True]


def test_which_addresses_all_the_world_reaches() -> None:
    inside = (
        "10.0.0.1", "169.254.169.254", "::1", "fd00::1", "224.0.0.1", "fec0::1",
        # private IPv4 by other names: mapped, translated, 6to4, compatible
        "::ffff:127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "2002:a00:1::", "::10.0.0.1",
    )  # fmt: skip
    assert [each for each in inside if is_outside(ip_address(each))] == []
    for each in ("1.1.1.1", "2606:4700::1111", "64:ff9b::1.1.1.1"):
        assert is_outside(ip_address(each))


def test_a_way_is_there_for_each_kind() -> None:
    with pytest.raises(Faulty, match="no address of nothing"):
        send(Target("nothing", "", "nothing://x"), MESSAGE, NOON)
