"""Log-ins that are forged, copied, guessed or over; and streams that outlive them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from itsdangerous import URLSafeSerializer
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from energyguard.access.tokens import CLOCK_MS, Tokens
from energyguard.api import streams
from energyguard.api.gate.attempts import Attempts
from energyguard.api.gate.auth import Gate
from energyguard.api.gate.sessions import _SALT, COOKIE, LogIns, secret_of
from energyguard.clock import ManualClock
from energyguard.durable.secret_file import secret_in
from energyguard.errors import Corrupt
from energyguard.history.people import People
from energyguard.limits import FAILED_LOGIN_S, FAILED_LOGINS, SESSIONS
from tests.api.test_auth import HOME, NOW, House

DAMAGED = [b"", b"short", b"\0" * 32, b"x" * 31, b"x" * 33]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    built = House(tmp_path)
    async with built.http:
        yield built


async def who(house: House, cookie: str) -> int:
    header = {b"cookie": f"{COOKIE}={cookie}".encode()}
    return (await house.http.get("/", headers=header)).status_code


@pytest.mark.parametrize("damaged", DAMAGED)
def test_a_secret_that_is_not_whole_is_refused(tmp_path: Path, damaged: bytes) -> None:
    (tmp_path / "secret.key").write_bytes(damaged)
    (tmp_path / "people.key").write_bytes(damaged)
    with pytest.raises(Corrupt, match=r"secret\.key.*remove it"):
        LogIns(tmp_path, Tokens(tmp_path), 60_000)
    with pytest.raises(Corrupt, match=r"people\.key.*backup"):
        People(tmp_path)
    assert (tmp_path / "secret.key").read_bytes() == damaged


def test_a_secret_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    for step in ("fsync", "link"):
        with monkeypatch.context() as stopped, pytest.raises(KeyboardInterrupt):
            stopped.setattr(f"os.{step}", crash)
            secret_in(tmp_path / "secret.key", "")
        assert not (tmp_path / "secret.key").exists()
    secret = secret_of(tmp_path)
    assert len(secret) == 32
    assert secret_of(tmp_path) == secret
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600


async def test_forged_cookies_open_nothing(house: House, tmp_path: Path) -> None:
    secret, until = secret_of(tmp_path), NOW + 10**9
    forged = []
    for key in (b"", secret, b"\0" * 32):
        old = hashlib.sha256(b"energyguard page log-in v1" + key).digest()
        told = f"{base64.urlsafe_b64encode(b'owner').decode()}.-.{until}"
        forged.append(f"{told}.{hmac.new(old, told.encode(), hashlib.sha256).hexdigest()}")
        forged.append(str(URLSafeSerializer(key or b"x", _SALT).dumps("owner")))
    signed = URLSafeSerializer(secret, _SALT, signer_kwargs={"digest_method": hashlib.sha256})
    forged += [str(signed.dumps(value)) for value in ("owner", None, 1, ["owner"], {"a": 1})]
    forged += ["", ".", "..", "a.b.c", "é", '"', "x" * 4_000]
    for cookie in forged:
        assert await who(house, cookie) == 303, cookie


async def test_log_out_ends_a_copy_of_the_cookie_too(house: House) -> None:
    for token in ("", house.tokens.create("mara")):
        if token:
            await house.http.post("/login", data={"token": token})
        else:
            await house.http.get(f"/login?key={house.tokens.make_link()}")
        kept = house.http.cookies[COOKIE]
        assert await who(house, kept) == 200
        assert (await house.http.post("/logout", headers={"Origin": HOME})).status_code == 303
        house.http.cookies.clear()
        assert await who(house, kept) == 303


async def test_a_revoked_token_and_a_changed_secret_end_log_ins(
    house: House, tmp_path: Path
) -> None:
    token = house.tokens.create("mara")
    by_link = house.sessions.open("owner")
    by_token = house.sessions.open("mara", house.tokens.find(token).hash)  # type: ignore[union-attr]
    assert (await who(house, by_link), await who(house, by_token)) == (200, 200)
    Tokens(tmp_path).revoke("mara")
    house.tokens.create("mara")  # of the same name, and another one
    assert (await who(house, by_link), await who(house, by_token)) == (200, 303)
    (tmp_path / "secret.key").unlink()
    assert await who(house, by_link) == 303
    again = house.sessions.open("owner")
    assert await who(house, again) == 200
    (tmp_path / "secret.key").write_bytes(b"")
    assert await who(house, again) == 303
    with pytest.raises(Corrupt):
        house.sessions.open("owner")


async def test_a_log_in_outlives_a_restart_and_not_a_clock_put_back(
    house: House, tmp_path: Path
) -> None:
    cookie = house.sessions.open("owner")
    later = LogIns(tmp_path, Tokens(tmp_path, ManualClock(NOW + 59_000)), 60_000)
    assert later.read(cookie) == "owner"
    for now in (NOW + 60_000, NOW - CLOCK_MS - 1):
        assert LogIns(tmp_path, Tokens(tmp_path, ManualClock(now)), 60_000).read(cookie) is None


def test_log_ins_are_bounded_and_old_files_open(tmp_path: Path) -> None:
    (tmp_path / "tokens.json").write_text('{"tokens":[],"links":[]}')
    tokens = Tokens(tmp_path)
    made = [tokens.open_session("owner", "", 60_000) for _ in range(3)]
    assert all(map(tokens.session, made))
    kept = tokens.file.read().sessions
    many = (kept[0],) * (SESSIONS + 10)
    tokens.file.write(msgspec.structs.replace(tokens.file.read(), sessions=many))
    newest = tokens.open_session("owner", "", 60_000)
    assert len(tokens.file.read().sessions) == SESSIONS
    assert tokens.session(newest) is not None


async def test_failed_log_ins_are_slowed_and_known_tokens_are_not(house: House) -> None:
    good, link = house.bearer(), house.tokens.make_link()
    failing: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/login", {"data": {"token": "eg_guess"}}),
        ("GET", "/login?key=guess", {}),
        ("GET", "/api/v1/thing", {"headers": {"Authorization": "Bearer eg_guess"}}),
    ]
    for number in range(FAILED_LOGINS):
        method, path, more = failing[number % 3]
        assert (await house.http.request(method, path, **more)).status_code == 401
    for method, path, more in failing:
        answer = await house.http.request(method, path, **more)
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1
    assert (await house.http.get(f"/login?key={link}")).status_code == 429
    assert (await house.http.get("/api/v1/thing", headers=good)).status_code == 200
    house.clock.sleep(FAILED_LOGIN_S * 2)
    assert (await house.http.get(f"/login?key={link}")).status_code == 303


async def stream(scope: Scope, receive: Receive, send: Send) -> None:
    """A stream that never ends, and a websocket that listens."""
    if scope["type"] == "websocket":
        assert (await receive())["type"] == "websocket.connect"
        await send({"type": "websocket.accept"})
        while (await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": "still here"})
        return

    async def parts() -> AsyncIterator[bytes]:
        while True:
            yield b": still here\n\n"
            await asyncio.sleep(0.01)

    await StreamingResponse(parts())(scope, receive, send)


class Client:
    """One request, which lasts."""

    def __init__(self, kind: str, gate: Gate, header: tuple[str, str]) -> None:
        self.sent: list[Message] = []
        raw = [(b"host", b"127.0.0.1"), (header[0].encode(), header[1].encode())]
        scope = {
            "type": kind, "path": "/api/v1/live", "headers": raw, "query_string": b"",
            "method": "GET", "asgi": {"spec_version": "2.3"}, "client": ("127.0.0.1", 1),
        }  # fmt: skip
        self._first = True
        self.task = asyncio.create_task(gate(scope, self._receive, self._send))

    async def _receive(self) -> Message:
        if self._first:
            self._first = False
            return {"type": "websocket.connect"}
        await asyncio.sleep(0.01 if len(self.sent) < 20 else 1_000)
        return {"type": "websocket.receive", "text": "x"}

    async def _send(self, message: Message) -> None:
        self.sent.append(message)


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("by", ["cookie", "token"])
async def test_open_streams_end_with_their_log_in(
    tmp_path: Path, kind: str, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock(NOW)
    tokens = Tokens(tmp_path, clock)
    sessions = LogIns(tmp_path, tokens, 10**9)
    gate = Gate(stream, tokens, sessions, Attempts(clock), "127.0.0.1")
    monkeypatch.setattr(gate._streams, "_every_s", 0.05)
    token = tokens.create("mara")
    cookie = sessions.open("owner")
    headers = {
        "cookie": ("cookie", f"{COOKIE}={cookie}"),
        "token": ("authorization", f"Bearer {token}"),
    }
    client = Client(kind, gate, headers[by])
    await asyncio.sleep(0.3)
    assert not client.task.done()
    if by == "cookie":
        sessions.end(cookie)
    else:
        Tokens(tmp_path).revoke("mara")
    await asyncio.wait_for(client.task, 10)
    last = client.sent[-1]
    if kind == "http":
        assert last == {"type": "http.response.body", "body": b""}
    else:
        assert last == {"type": "websocket.close", "code": 1008}


async def test_websockets_are_bounded(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    header = ("authorization", f"Bearer {tokens.create('mara')}")
    sessions = LogIns(tmp_path, tokens, 10**9)
    gate = Gate(stream, tokens, sessions, Attempts(ManualClock(NOW)), "127.0.0.1", streams=2)
    clients = [Client("websocket", gate, header) for _ in range(3)]
    await asyncio.wait_for(clients[2].task, 10)
    assert clients[2].sent == [{"type": "websocket.close", "code": streams._TRY_LATER}]
    clients[0].task.cancel()
    await asyncio.sleep(0.05)
    further = Client("websocket", gate, header)
    await asyncio.sleep(0.1)
    assert further.sent[0] == {"type": "websocket.accept"}
    for one in (*clients, further):
        one.task.cancel()
    await asyncio.gather(*(one.task for one in (*clients, further)), return_exceptions=True)


async def test_bodies_of_a_log_in_are_small(house: House) -> None:
    answer = await house.http.post("/login", content=b"token=" + b"x" * 20_000)
    assert answer.status_code == 413
