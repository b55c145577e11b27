"""People: invited once, let in with a password, out at once; the last admin stays one."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from energyguard.access import passwords
from energyguard.access.passwords import OF_AN_ADDRESS, WAITING, PasswordChecks, is_password
from energyguard.access.people import INVITATION_MS, Accounts
from energyguard.access.tokens import Tokens
from energyguard.clock import ManualClock
from energyguard.errors import Conflict, Malformed, NotFound, Overloaded, Rejected, Unauthorized
from energyguard.model.access import AccessRole, Caller

NOW = 1_760_000_000_000
PASSWORD = "three green apples"
READ, ADMIN = AccessRole.READ, AccessRole.ADMIN


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(1, 8, 1))


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    return Tokens(tmp_path, ManualClock(NOW))


@pytest.fixture
def accounts(tokens: Tokens) -> Accounts:
    return Accounts(tokens)


def test_the_parameters_are_those_that_are_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    kept = passwords.hash_password(PASSWORD)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert is_password(PASSWORD, kept)
    assert not is_password("three green pears", kept)
    assert not is_password(PASSWORD, "")
    with pytest.raises(VerifyMismatchError):  # it is a hash: nobody's takes as long as somebody's
        passwords._HASHER.verify(passwords._NOBODYS, PASSWORD)
    assert passwords._NOBODYS.split("$")[:4] == kept.split("$")[:4]


def test_somebody_is_invited_sets_a_password_and_is_removed(
    tokens: Tokens, accounts: Accounts
) -> None:
    accounts.add("nina", READ, ("lindenhof",), by="owner")
    assert accounts.password_of("nina") == ""
    key = accounts.invite("nina")
    assert tokens.use_link(key) is None  # it logs nobody in
    link = tokens.use_link(key, invites=True)
    assert link is not None
    assert tokens.use_link(key, invites=True) is None
    accounts.set_password(link.person, PASSWORD)
    assert is_password(PASSWORD, accounts.password_of("nina"))
    assert PASSWORD not in tokens.file._path.read_text()
    session = tokens.open_session("nina", "", 60_000, "nina")
    assert tokens.caller(session) == Caller("nina", READ, ("lindenhof",))
    accounts.change("nina", sites=(), role=AccessRole.OPERATE)
    assert tokens.caller(session) == Caller("nina", AccessRole.OPERATE)
    accounts.remove("nina")
    assert tokens.caller(session) is None
    accounts.add("nina", READ)  # another one of the same name
    assert tokens.caller(session) is None


def test_an_invitation_lasts_72_hours(tokens: Tokens, accounts: Accounts) -> None:
    accounts.add("nina", READ)
    key = accounts.invite("nina")
    tokens.clock.sleep(INVITATION_MS / 1000 - 1)
    assert tokens.link(key) is not None
    tokens.clock.sleep(1)
    assert tokens.link(key) is None


def test_who_is_disabled_or_over_is_out(tokens: Tokens, accounts: Accounts) -> None:
    accounts.add("nina", READ, until_ms=NOW + 5_000)
    accounts.set_password("nina", PASSWORD)
    session, key = tokens.open_session("nina", "", 60_000, "nina"), accounts.invite("nina")
    accounts.change("nina", disabled=True)
    assert (tokens.caller(session), tokens.link(key)) == (None, None)
    assert accounts.password_of("nina") == ""
    accounts.change("nina", disabled=False)
    again = tokens.open_session("nina", "", 60_000, "nina")
    tokens.clock.sleep(5)
    assert (tokens.caller(again), accounts.password_of("nina")) == (None, "")


def test_the_last_admin_cannot_lock_himself_out(accounts: Accounts) -> None:
    accounts.add("mara", ADMIN)
    accounts.set_password("mara", PASSWORD)
    accounts.add("later", ADMIN)  # has no password yet: nobody could come in
    for fields in ({"role": READ}, {"disabled": True}, {"until_ms": NOW + 1}):
        with pytest.raises(Conflict, match="last admin"):
            accounts.change("mara", **fields)
    with pytest.raises(Conflict, match="last admin"):
        accounts.remove("mara")
    accounts.set_password("later", PASSWORD)
    accounts.change("mara", role=READ)
    with pytest.raises(Conflict, match="last admin"):
        accounts.remove("later")


def test_a_changed_password_ends_log_ins(tokens: Tokens, accounts: Accounts) -> None:
    accounts.add("nina", READ)
    accounts.set_password("nina", PASSWORD)
    session = tokens.open_session("nina", "", 60_000, "nina")
    with pytest.raises(Unauthorized):
        accounts.change_password("nina", "another one", "four red pears")
    with pytest.raises(Rejected, match="10 to"):
        accounts.change_password("nina", PASSWORD, "short")
    assert tokens.caller(session) is not None
    accounts.change_password("nina", PASSWORD, "four red pears")
    assert tokens.caller(session) is None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "1 to 60 characters"),
        ("x" * 61, "1 to 60 characters"),
        (" nina", "space"),
        ("a\nb", "cannot be seen"),
        ("a\u202eb", "cannot be seen"),
    ],
)
def test_names_that_cannot_be(accounts: Accounts, name: str, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        accounts.add(name, READ)


def test_a_name_is_of_one_person_or_token(tokens: Tokens, accounts: Accounts) -> None:
    tokens.create("gateway")
    accounts.add("nina", READ)
    for name in ("gateway", "nina", "owner"):
        with pytest.raises(Conflict):
            accounts.add(name, READ)
    with pytest.raises(Conflict):
        tokens.create("nina")
    for refused in ((AccessRole.WRITE, ()), (ADMIN, ("lindenhof",))):
        with pytest.raises(Malformed):
            accounts.add("new", *refused)
    with pytest.raises(NotFound):
        accounts.invite("nobody")


async def test_a_flood_of_passwords_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    checks = PasswordChecks()
    kept = passwords.hash_password(PASSWORD)
    flood = [
        asyncio.ensure_future(checks.check("wrong guess", kept, f"10.0.0.{n // OF_AN_ADDRESS}"))
        for n in range(WAITING)
    ]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await checks.check(PASSWORD, kept, "10.0.0.0")
    assert await asyncio.gather(*flood) == [False] * WAITING
    assert await checks.check(PASSWORD, kept, "10.0.0.0")
    assert not checks._under_way
