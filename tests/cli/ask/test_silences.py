"""Standing silences in a terminal."""

from __future__ import annotations

from tests.cli.conftest import Terminal


def test_a_silence_is_made_listed_and_ended(terminal: Terminal) -> None:
    made = terminal("silences", "add", "id=p3", "--rule", "floor-kw", "--until", "2h", "--json")
    silence = made.rows[0]
    assert (silence["about"], silence["active"]) == ("id=p3, rule floor-kw", True)
    (row,) = terminal("silences", "list", "--json").rows
    assert (row["id"], row["until"]) == (silence["id"], silence["until"])
    ended = terminal("silences", "end", silence["id"])
    assert ended.out == f"{silence['id']}: id=p3, rule floor-kw heard again\n"
    assert terminal("silences", "list").err.startswith("nothing is silenced")
    assert "write tonight, 1 h" in terminal("silences", "add", "--until", "soon").err


def test_a_maintenance_window_is_made_and_listed_before_it_begins(terminal: Terminal) -> None:
    every = ("--every", "sun 02:00-06:00", "--from", "2126-12-01", "--note", "heating")
    made = terminal("silences", "add", "site=mitte", *every)
    assert "site=mitte quiet every sun 02:00-06:00 (UTC), next 2126-12-01 02:00" in made.out
    assert "until it is ended; 0 open alerts" in made.out
    (row,) = terminal("silences", "list", "--json").rows
    assert (row["active"], row["every"]) == (False, "sun 02:00-06:00 UTC")
    assert "every: 'monthly'" in terminal("silences", "add", "--every", "monthly").err
    assert "is no beginning: write 2026-12-24" in terminal("silences", "add", "--from", "x").err
