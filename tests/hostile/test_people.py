"""Log-ins by password, invitations and wall screens that are guessed, used twice or stretched."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from energyguard.access import passwords
from energyguard.access.people import Accounts
from energyguard.api.gate.permissions import Needed, Permissions
from energyguard.api.gate.sessions import COOKIE
from energyguard.limits import FAILED_LOGINS
from energyguard.model.access import AccessRole
from tests.api.test_auth import HOME, House

PASSWORD = "three green apples"
READ = AccessRole.READ
TABLE = Permissions({"GET /": Needed(READ), "POST /logout": Needed(READ)})


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(1, 8, 1))
    built = House(tmp_path, permissions=TABLE)
    async with built.http:
        yield built


def people(house: House) -> Accounts:
    accounts = Accounts(house.tokens)
    accounts.add("nina", READ)
    return accounts


async def test_an_invitation_lets_in_once_and_only_may_look(house: House) -> None:
    key = people(house).invite("nina")
    assert (await house.http.get(f"/login?key={key}")).status_code == 401
    for _ in range(2):  # a preview of the link uses nothing up
        shown = await house.http.get(f"/invite?key={key}")
        assert (shown.status_code, "nina" in shown.text) == (200, True)
        assert shown.headers["referrer-policy"] == "same-origin"  # else a form has no `Origin`
    short = {"key": key, "password": "short", "again": "short"}
    assert (await house.http.post("/invite", data=short)).status_code == 422
    other = {"key": key, "password": PASSWORD, "again": "another one"}
    assert (await house.http.post("/invite", data=other)).status_code == 422
    given = {"key": key, "password": PASSWORD, "again": PASSWORD}
    assert (await house.http.post("/invite", data=given)).status_code == 303
    assert (await house.http.get("/")).json() == {"user": "nina"}
    assert (await house.http.post("/api/v1/thing", headers={"Origin": HOME})).status_code == 403
    assert (await house.http.get("/api/v1/thing")).status_code == 403
    assert (await house.http.get("/nowhere")).status_code == 403
    house.http.cookies.clear()
    assert (await house.http.post("/invite", data=given)).status_code == 401


async def test_a_password_lets_in_and_wrong_ones_are_slowed(house: House) -> None:
    people(house).set_password("nina", PASSWORD)
    right = {"name": "nina", "password": PASSWORD, "next": "/alerts"}
    entered = await house.http.post("/login", data=right)
    assert (entered.status_code, entered.headers["location"]) == (303, "/alerts")
    assert (await house.http.get("/")).json() == {"user": "nina"}
    wrong = [{"name": "nina", "password": "guess"}, {"name": "nobody", "password": PASSWORD}]
    texts = set()
    for number in range(FAILED_LOGINS):
        answer = await house.http.post("/login", data=wrong[number % 2])
        assert answer.status_code == 401
        texts.add(answer.text)
    assert len(texts) == 1  # who there is, is not told
    assert (await house.http.post("/login", data=right)).status_code == 429


async def test_a_role_that_is_lowered_counts_for_the_next_request(house: House) -> None:
    accounts = people(house)
    accounts.change("nina", role=AccessRole.ADMIN)
    accounts.set_password("nina", PASSWORD)
    await house.http.post("/login", data={"name": "nina", "password": PASSWORD})
    assert (await house.http.get("/api/v1/thing")).status_code == 200
    accounts.add("mara", AccessRole.ADMIN)
    accounts.set_password("mara", PASSWORD)
    accounts.change("nina", role=READ)
    assert (await house.http.get("/api/v1/thing")).status_code == 403


@pytest.mark.parametrize(
    ("role", "status"),
    [(READ, 303), (AccessRole.OPERATE, 403), (AccessRole.ADMIN, 403), (AccessRole.WRITE, 403)],
)
async def test_a_wall_screen_may_only_look(house: House, role: AccessRole, status: int) -> None:
    token = house.tokens.create("wall", role)
    answer = await house.http.get(f"/wall?key={token}&site=lindenhof")
    assert answer.status_code == status
    assert "referrer-policy" in answer.headers
    assert token not in answer.headers.get("location", "")
    assert (COOKIE in house.http.cookies) == (status == 303)
    if status == 303:
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["location"] == "/wall?site=lindenhof"
        house.tokens.revoke("wall")
        assert (await house.http.get("/")).status_code == 303


async def test_a_wall_link_does_not_change_who_somebody_is(house: House) -> None:
    token, cookie = house.tokens.create("wall", READ), house.cookie()
    answer = await house.http.get(f"/wall?key={token}", headers=cookie)
    assert (answer.status_code, "set-cookie" in answer.headers) == (303, False)
    assert (await house.http.get("/wall?key=eg_guess")).status_code == 401


async def test_a_token_that_writes_opens_no_page(house: House) -> None:
    token = house.tokens.create("meter", AccessRole.WRITE)
    assert (await house.http.post("/login", data={"token": token})).status_code == 403
    assert COOKIE not in house.http.cookies
