"""The file of tokens and people: what older versions left, and what they may not go on with."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from energyguard.access.file import FILE, OLDER_FILE, hash_of
from energyguard.access.tokens import Tokens
from energyguard.clock import ManualClock
from energyguard.errors import Corrupt
from energyguard.model.access import AccessRole, Caller

NOW = 1_760_000_000_000
SECRET = "eg_secret"


class _OlderFile(msgspec.Struct):
    """As versions without roles read ``tokens.json``."""

    tokens: tuple[dict[str, object], ...] = ()


def older(folder: Path) -> Path:
    """A folder that a version without roles left: a token, and a log-in by it and by a link."""
    token = {"name": "mara", "hash": hash_of(SECRET), "created_ms": NOW}
    logins = [
        {"hash": hash_of(name), "name": name, "token": by, "opened_ms": NOW, "until_ms": NOW + 9}
        for name, by in (("mara", hash_of(SECRET)), ("owner", ""))
    ]
    path = folder / OLDER_FILE
    path.write_text(json.dumps({"tokens": [token], "links": [], "sessions": logins}))
    return path


def test_tokens_and_log_ins_of_older_versions_are_admins(tmp_path: Path) -> None:
    older(tmp_path)
    tokens = Tokens(tmp_path, ManualClock(NOW))
    found = tokens.find(SECRET)
    assert found is not None
    assert (found.role, found.sites, found.until_ms) == (AccessRole.ADMIN, (), None)
    for name in ("mara", "owner"):
        assert tokens.caller(name) == Caller(name, AccessRole.ADMIN)


def test_an_older_version_cannot_go_on_with_tokens_that_were_revoked_since(tmp_path: Path) -> None:
    path = older(tmp_path)
    Tokens(tmp_path).revoke("mara")
    assert Tokens(tmp_path).list() == ()
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(path.read_bytes(), type=_OlderFile)
    assert "backup" in path.read_text()


def test_a_change_that_was_cut_off_is_made_up_for(tmp_path: Path) -> None:
    path = older(tmp_path)
    before = path.read_bytes()
    Tokens(tmp_path).create("gateway")
    path.write_bytes(before)  # killed between the two files
    assert [token.name for token in Tokens(tmp_path).list()] == ["mara", "gateway"]
    Tokens(tmp_path).revoke("mara")
    assert path.read_bytes() != before


def test_a_file_that_is_gone_is_not_an_empty_house(tmp_path: Path) -> None:
    older(tmp_path)
    Tokens(tmp_path).create("gateway")
    (tmp_path / FILE).unlink()
    with pytest.raises(Corrupt, match="backup"):
        Tokens(tmp_path).list()
    (tmp_path / FILE).write_bytes(b"{")
    with pytest.raises(Corrupt, match=FILE):
        Tokens(tmp_path).list()


def test_a_token_ends_with_its_time_and_its_log_in_too(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    tokens = Tokens(tmp_path, clock)
    token = tokens.create("wall", AccessRole.READ, ("lindenhof",), NOW + 1_000)
    session = tokens.open_session("wall", hash_of(token), 60_000)
    assert tokens.caller(session) == Caller("wall", AccessRole.READ, ("lindenhof",))
    clock.sleep(1)
    assert tokens.find(token) is None
    assert tokens.caller(session) is None
