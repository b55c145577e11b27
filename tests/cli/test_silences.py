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
