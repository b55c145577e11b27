"""The gate, tokens, sessions and limits, in front of a small application."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, WebSocket
from starlette.types import Message

from energyguard.access.tokens import LINK_MS, Tokens
from energyguard.api.bare_pages.login import login_routes
from energyguard.api.gate.attempts import Attempts
from energyguard.api.gate.auth import Gate, is_loopback
from energyguard.api.gate.sessions import COOKIE, LogIns
from energyguard.api.middleware import RequestLimits
from energyguard.api.problems import install
from energyguard.clock import ManualClock
from energyguard.errors import ConfigError, Conflict, NotFound

HOME = "http://127.0.0.1:8400"
NOW = 1_760_000_000_000


class House:
    """An application behind the gate, and the keys to it."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.clock, self.folder = ManualClock(NOW), folder
        self.tokens = Tokens(folder, self.clock)
        self.attempts = Attempts(self.clock)
        self.sessions = LogIns(folder, self.tokens, 60_000)
        inner = FastAPI()
        install(inner)
        inner.include_router(login_routes(self.tokens, self.sessions, self.attempts))

        @inner.api_route("/api/v1/thing", methods=["GET", "POST"])
        async def thing(request: Request) -> dict[str, Any]:
            return {"user": request.scope["state"]["user"], "size": len(await request.body())}

        @inner.get("/")
        @inner.get("/healthz")
        async def page(request: Request) -> dict[str, Any]:
            return {"user": request.state.user}

        @inner.websocket("/_nicegui_ws/socket.io")
        async def socket(websocket: WebSocket) -> None:
            await websocket.accept()
            await websocket.send_text(str(websocket.scope["state"]["user"]))
            await websocket.close()

        limits = RequestLimits(
            inner, settings.pop("body_limit", 1_000), settings.pop("rate", 100.0), self.clock
        )
        self.app = Gate(limits, self.tokens, self.sessions, self.attempts, "127.0.0.1", **settings)
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url=HOME, trust_env=False
        )

    def bearer(self, name: str = "meter") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens.create(name)}"}

    def cookie(self, name: str = "owner") -> dict[str, str]:
        return {"Cookie": f"{COOKIE}={self.sessions.open(name)}"}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    built = House(tmp_path)
    async with built.http:
        yield built


async def test_nobody_gets_health_only(house: House) -> None:
    assert (await house.http.get("/healthz")).status_code == 200
    page = await house.http.get("/?range=1h")
    assert (page.status_code, page.headers["location"]) == (303, "/login?next=/%3Frange%3D1h")
    answer = await house.http.get("/api/v1/thing")
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "unauthorized"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert (await house.http.get("/metrics")).status_code == 401


async def test_a_token_opens_until_it_is_revoked(house: House) -> None:
    headers = house.bearer()
    assert (await house.http.get("/api/v1/thing", headers=headers)).json()["user"] == "meter"
    Tokens(house.folder).revoke("meter")  # by another process
    assert (await house.http.get("/api/v1/thing", headers=headers)).status_code == 401


@pytest.mark.parametrize(
    "value", ["Bearer eg_wrong", "Bearer ", "Basic b3duZXI6", "bearer\tx", "é"]
)
async def test_a_wrong_token_opens_nothing(house: House, value: str) -> None:
    house.bearer()
    answer = await house.http.get("/api/v1/thing", headers={b"authorization": value.encode()})
    assert answer.status_code == 401


def test_tokens_are_kept_hashed_and_private(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    token = tokens.create("meter")
    file = tmp_path / "access.json"
    assert token not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in tokens.list()] == ["meter"]
    with pytest.raises(Conflict):
        tokens.create("meter")
    with pytest.raises(NotFound):
        tokens.revoke("nobody")


async def test_a_link_logs_in_once_and_for_ten_minutes(house: House) -> None:
    key, old = house.tokens.make_link(), house.tokens.make_link()
    entered = await house.http.get(f"/login?key={key}&next=/alerts")
    assert (entered.status_code, entered.headers["location"]) == (303, "/alerts")
    assert "HttpOnly" in entered.headers["set-cookie"]
    assert "SameSite=lax" in entered.headers["set-cookie"]
    assert (await house.http.get("/")).json() == {"user": "owner"}
    house.http.cookies.clear()
    assert (await house.http.get(f"/login?key={key}")).status_code == 401
    house.clock.sleep(LINK_MS / 1000)
    assert (await house.http.get(f"/login?key={old}")).status_code == 401


async def test_a_token_in_the_form_logs_in(house: House) -> None:
    token = house.tokens.create("mara")
    wrong = await house.http.post("/login", data={"token": "eg_wrong"})
    assert (wrong.status_code, 'role="alert"' in wrong.text) == (401, True)
    entered = await house.http.post("/login", data={"token": token, "next": "//evil.example"})
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    assert (await house.http.get("/")).json() == {"user": "mara"}
    house.tokens.revoke("mara")
    assert (await house.http.get("/")).status_code == 303


async def test_a_session_ends_and_cannot_be_forged(house: House, tmp_path: Path) -> None:
    cookie = house.cookie()
    assert (await house.http.get("/", headers=cookie)).status_code == 200
    good = cookie["Cookie"]  # of its last character not every bit counts
    forged = {"Cookie": good[:-2] + ("y" if good[-2] == "x" else "x") + good[-1]}
    assert (await house.http.get("/", headers=forged)).status_code == 303
    other = LogIns(tmp_path / "other", house.tokens, 60_000)
    stranger = {"Cookie": f"{COOKIE}={other.open('owner')}"}
    assert (await house.http.get("/", headers=stranger)).status_code == 303
    house.clock.sleep(60)
    assert (await house.http.get("/", headers=cookie)).status_code == 303
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600


async def test_the_form_quotes_what_it_shows(house: House) -> None:
    page = await house.http.get("/login", params={"next": '/"><script>alert(1)</script>'})
    assert "<script>" not in page.text


FOREIGN = [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}]


@pytest.mark.parametrize("said", FOREIGN)
async def test_another_sites_page_cannot_act_for_a_person(
    house: House, said: dict[str, str]
) -> None:
    answer = await house.http.post("/api/v1/thing", headers=house.cookie() | said)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")
    own = {"Origin": HOME, "Sec-Fetch-Site": "same-origin"}
    assert (await house.http.post("/api/v1/thing", headers=house.cookie() | own)).status_code == 200
    assert (await house.http.get("/api/v1/thing", headers=house.cookie() | said)).status_code == 200
    token = house.bearer() | said  # a token is not sent by itself
    assert (await house.http.post("/api/v1/thing", headers=token)).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8400", "127.0.0.1.evil.example", ""]
)
async def test_a_foreign_name_for_loopback_is_refused(house: House, host: str) -> None:
    answer = await house.http.get("/healthz", headers={"Host": host})
    assert answer.status_code == 403


@pytest.mark.parametrize("host", ["localhost:1", "[::1]:8400", "127.0.0.1", "127.3.2.1:80"])
async def test_names_of_loopback_are_ours(house: House, host: str) -> None:
    assert (await house.http.get("/healthz", headers={"Host": host})).status_code == 200


async def socket_of(house: House, headers: dict[str, str]) -> list[Message]:
    """What the application answers to a websocket that wants to open."""
    sent: list[Message] = []
    told: list[Message] = [{"type": "websocket.connect"}]

    async def receive() -> Message:
        return told.pop() if told else {"type": "websocket.disconnect", "code": 1000}

    async def send(message: Message) -> None:
        sent.append(message)

    raw = [
        (k.lower().encode(), v.encode()) for k, v in ({"Host": "127.0.0.1:8400"} | headers).items()
    ]
    scope = {"type": "websocket", "path": "/_nicegui_ws/socket.io", "headers": raw}
    await house.app(scope | {"query_string": b"", "subprotocols": []}, receive, send)
    return sent


async def test_sockets_stand_behind_the_same_gate(house: House) -> None:
    for headers in ({}, house.cookie() | {"Origin": "https://evil.example"}, {"Cookie": "x=1"}):
        assert await socket_of(house, headers) == [{"type": "websocket.close", "code": 1008}]
    for headers in (house.cookie() | {"Origin": HOME}, house.bearer("owner")):
        sent = await socket_of(house, headers)
        assert [m["type"] for m in sent[:2]] == ["websocket.accept", "websocket.send"]
        assert sent[1]["text"] == "owner"


async def test_without_log_in_only_on_loopback(tmp_path: Path) -> None:
    house = House(tmp_path, auth=False)
    async with house.http as http:
        assert (await http.get("/api/v1/thing")).json()["user"] == "anyone"
        assert (await http.post("/api/v1/thing", headers=FOREIGN[0])).status_code == 403
    for host in ("0.0.0.0", "192.168.1.4", "example.org", "::"):
        with pytest.raises(ConfigError, match="loopback"):
            Gate(house.app, house.tokens, house.sessions, house.attempts, host, auth=False)


def test_which_addresses_are_loopback() -> None:
    assert all(map(is_loopback, ("localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]")))
    assert not any(map(is_loopback, ("", "0.0.0.0", "10.0.0.1", "localhost.example", "::")))


async def test_a_body_that_is_too_long(house: House) -> None:
    headers = house.bearer()

    async def stream() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield b"x" * 100

    for body in (b"x" * 1_001, stream()):
        answer = await house.http.post("/api/v1/thing", headers=headers, content=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too-large")
    answer = await house.http.post("/api/v1/thing", headers=headers, content=b"x" * 1_000)
    assert answer.json()["size"] == 1_000


async def test_too_many_requests_of_one_do_not_stop_another(tmp_path: Path) -> None:
    house = House(tmp_path, rate=2.0)
    busy, calm = house.bearer("busy"), house.bearer("calm")
    async with house.http as http:
        answers = [await http.get("/api/v1/thing", headers=busy) for _ in range(21)]
        assert [a.status_code for a in answers] == [200] * 20 + [429]
        assert answers[-1].headers["retry-after"] == "1"
        assert answers[-1].json()["error"]["retry_after"] == 0.5
        assert (await http.get("/api/v1/thing", headers=calm)).status_code == 200
        house.clock.sleep(0.5)
        assert (await http.get("/api/v1/thing", headers=busy)).status_code == 200


async def test_one_shape_for_every_error(house: House) -> None:
    headers = house.bearer()
    missing = await house.http.get("/api/v1/none", headers=headers)
    wrong = await house.http.delete("/api/v1/thing", headers=headers)
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not-found")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, POST")
    assert wrong.json()["error"]["code"] == "method-not-allowed"
