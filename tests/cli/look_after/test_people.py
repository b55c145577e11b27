"""``people``, ``token`` and ``audit``: the commands of who looks after access."""

from __future__ import annotations

from pathlib import Path

from energyguard.access.tokens import Tokens
from energyguard.model.access import AccessRole
from tests.cli.conftest import Terminal


def test_people(terminal: Terminal, data_dir: Path) -> None:
    link = terminal("people", "add", "nina", "--site", "lindenhof", "--expires", "2d").out
    assert "/invite?key=" in link
    assert link.strip().partition("key=")[2] not in (data_dir / "access.json").read_text()
    (row,) = terminal("people", "list", "--json").rows
    assert (row["name"], row["role"], row["sites"]) == ("nina", "read", ["lindenhof"])
    assert (row["invited"], row["disabled"]) == (True, False)
    assert terminal("people", "role", "nina", "operate").code == 0
    assert terminal("people", "disable", "nina").code == 0
    (row,) = terminal("people", "list", "--json").rows
    assert (row["role"], row["sites"], row["until"]) == ("operate", [], None)
    assert row["disabled"]
    assert terminal("people", "add", "nina").code == 6
    assert terminal("people", "add", "meter", "--role", "write").code == 3
    Tokens(data_dir).open_session("owner", "", 60_000)
    assert [row["by"] for row in terminal("people", "logins", "--json").rows] == ["the machine"]
    assert terminal("people", "logout", "owner", "--json").rows == [{"name": "owner", "ended": 1}]
    assert terminal("people", "remove", "nina").code == 0
    assert terminal("people", "invite", "nina").code == 4


def test_tokens_have_roles_sites_and_an_end(terminal: Terminal, data_dir: Path) -> None:
    terminal("token", "create", "old")
    given = ("--role", "read", "--site", "lindenhof", "--expires", "30d")
    assert terminal("token", "create", "wall", *given).code == 0
    old, wall = terminal("token", "list", "--json").rows
    assert (old["role"], old["sites"], old["until"]) == ("admin", [], None)
    assert (wall["role"], wall["sites"]) == ("read", ["lindenhof"])
    assert wall["until"] > wall["created"]
    assert terminal("token", "create", "x", "--site", "lindenhof").code == 3  # an admin of some
    assert terminal("token", "create", "x", "--expires", "soon").code == 3
    found = Tokens(data_dir).named("wall")
    assert found is not None
    assert found.role is AccessRole.READ


def test_what_commands_do_is_in_the_audit(terminal: Terminal) -> None:
    for words in (
        "people add nina --role operate --site lindenhof", "people role nina read",
        "people disable nina", "people enable nina", "people invite nina", "people remove nina",
        "token create wall --role read", "token revoke wall", "backup",
    ):  # fmt: skip
        assert terminal(*words.split()).code == 0
    assert terminal("people", "remove", "nobody").code == 4
    rows = terminal("audit", "--json").rows[::-1]
    assert {row["by"] for row in rows} == {"the command line"}
    assert [(row["act"], row["about"], row["note"]) for row in rows[:-1]] == [
        ("person invited", "nina", "operate site=lindenhof"), ("invitation", "nina", ""),
        ("person changed", "nina", "read"), ("person disabled", "nina", ""),
        ("person enabled", "nina", ""), ("invitation", "nina", ""), ("person removed", "nina", ""),
        ("token made", "wall", "read"), ("token revoked", "wall", ""),
    ]  # fmt: skip
    assert rows[-1]["act"] == "copy made"


def test_the_audit_is_empty_at_first(terminal: Terminal) -> None:
    assert terminal("audit").err == "nothing yet\n"
