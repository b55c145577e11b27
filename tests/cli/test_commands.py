"""The command line: shapes of answers, exit codes, errors of one line."""

import os
from contextlib import closing
from pathlib import Path

import pytest

import energyguard
import energyguard.errors
from energyguard.cli.commands import command
from energyguard.durable.connections import connect
from energyguard.log import Records
from energyguard.log.sqlite.log import SqliteLog
from energyguard.processes.registry import present
from tests.cli.conftest import Terminal


def words_of(command: object, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    verbs = getattr(command, "commands", None)
    if not verbs:
        return [path]
    return [path, *(w for name, verb in verbs.items() for w in words_of(verb, (*path, name)))]


EVERY = words_of(command())


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_every_command_helps(terminal: Terminal, words: tuple[str, ...]) -> None:
    said = terminal(*words, "--help")
    assert said.code == 0
    assert said.out.startswith("Usage: energyguard")
    assert said.err == ""


def test_a_process_makes_only_the_command_that_it_runs(terminal: Terminal) -> None:
    assert list(command("log").commands) == ["log"]
    assert "No such command 'logs'. Did you mean" in terminal("logs").err


def test_version(terminal: Terminal) -> None:
    assert terminal("version").out == f"energyguard {energyguard.__version__}\n"
    assert terminal("version", "--json").json == {"version": energyguard.__version__}


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        (["frobnicate"], 2, "No such command 'frobnicate'"),
        (["top", "--by", "colour"], 2, "'colour' is not one of"),
        (["readings"], 2, "Missing argument"),
        (["readings", "H001", "--limit", "0"], 2, "--limit"),
        (["version", "--set", "x"], 0, ""),
        (["config", "show", "--set", "serve.prt=1"], 2, "did you mean 'serve.port'?"),
        (["top"], 8, "not running"),
        (["status"], 8, "nothing runs here"),
        (["token", "revoke", "nobody"], 4, "no token 'nobody'"),
        (["evaluate", "/"], 4, "/: it is a folder; name the files in it"),
        (["stations", "add", "none.csv"], 4, "none.csv: No such file or directory"),
        (["evaluate", "--rule", "charging", "none.jsonl"], 4, "none.jsonl: No such file"),
        (["check", "rules", "none.toml"], 2, "none.toml: cannot be read"),
        (["role", "cook"], 4, "no role 'cook'; there are: simulate, simulate-building,"),
        (["simulate", "building", "--faults", "rust"], 2, "no fault 'rust'; there are: all, or su"),
        (["simulate", "building", "--faults", "gap", "--shape", "plain"], 2, "`plain` has none"),
        (["simulate", "building", "--floors", "1000"], 2, "simulate.floors"),
        (["simulate", "building", "--faults-per-week", "0"], 2, "simulate.floor_faults_per_week"),
        (["simulate", "building", "--speedup", "0"], 2, "--speedup 0.0: above 0, or inf"),
        (["simulate", "building", "--shape", "round"], 2, "'round' is not one of 'day', 'plain'"),
    ],
)
def test_errors_are_one_line_and_an_exit_code(
    terminal: Terminal, words: list[str], code: int, line: str
) -> None:
    said = terminal(*words)
    assert said.code == code
    assert line in said.err
    if code:
        assert said.out == ""
        assert said.err.startswith("energyguard: ")
        assert said.err.count("\n") == 1


def test_no_verb_shows_the_help(terminal: Terminal) -> None:
    said = terminal("token")
    assert said.code == 2
    assert said.err.startswith("Usage: energyguard token")


def test_debug_shows_where(terminal: Terminal) -> None:
    with pytest.raises(energyguard.errors.NotFound):
        terminal("token", "revoke", "nobody", "--debug")


def test_config_show_says_where_values_came_from(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "energyguard.toml").write_text("[serve]\nport = 8500\n")
    said = terminal("config", "show", "--origin", "--json", "--set", "simulate.seed=7")
    rows = {row["setting"]: (row["value"], row["origin"]) for row in said.rows}
    assert rows["serve.port"] == (8500, f"{tmp_path / 'energyguard.toml'}:2")
    assert rows["simulate.seed"] == (7, "--set simulate.seed=7")
    assert rows["stream.lateness"] == ("10m", "default")
    assert rows["data_dir"][1] == "ENERGYGUARD_DATA_DIR"
    assert "serve.port" in terminal("config", "show").out


def test_tokens(terminal: Terminal, data_dir: Path) -> None:
    token = terminal("token", "create", "laptop").out.strip()
    assert len(token) > 30
    assert token not in (data_dir / "access.json").read_text()
    assert [row["name"] for row in terminal("token", "list", "--json").rows] == ["laptop"]
    assert terminal("token", "create", "laptop").code == 6
    assert terminal("token", "revoke", "laptop").code == 0
    assert terminal("token", "list").err == "no tokens\n"


def test_check_mapping_shows_what_an_example_becomes(terminal: Terminal, tmp_path: Path) -> None:
    mapping, body = tmp_path / "mapping.toml", tmp_path / "example.json"
    mapping.write_text('[[value]]\nname = "p"\nchannel = "power_kw"\ndevice = "{id}"\nunit = "W"\n')
    assert terminal("check", "mapping", mapping, "--json").json == {"rules": 1}
    body.write_text('{"id": "a", "p": 1500, "time": "2025-12-01T12:00:00Z"}')
    (row,) = terminal("check", "mapping", mapping, "--body", body, "--json").rows
    assert (row["device"], row["channel"], row["value"]) == ("a", "power_kw", "1.5")
    body.write_text('{"q": 1}')
    left_out = terminal("check", "mapping", mapping, "--body", body)
    assert left_out.code == 1
    assert "row 1: no mapping takes anything of it" in left_out.err
    bad = tmp_path / "bad.toml"
    bad.write_text('[[value]]\nname = "p"\nchannel = "watts"\n')
    faulty = terminal("check", "mapping", bad)
    assert faulty.code == 2
    assert f"{bad}:1: channel 'watts'" in faulty.err


def test_check_rules_lists_every_fault_with_its_line(terminal: Terminal, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    rule = '[[rule]]\nid = "night"\nchannels = ["energy_kwh"]\nwindow = "{}"\n'
    rule += 'slide = "5m"\nraise_above = "{}"\n'
    good.write_text(rule.format("15m", "2.0"))
    bad.write_text(rule.format("12m", "2.0") + rule.format("15m", "much").replace("night", "day"))
    assert terminal("check", "rules", good, "--json").json == {"rules": ["night"]}
    said = terminal("check", "rules", good, bad)
    assert said.code == 2
    first, second = said.err.splitlines()
    assert first.startswith(f"energyguard: {bad}:1: window '12 minutes' is not a multiple of slide")
    assert second.startswith(f"energyguard: {bad}:12: raise_above: ")


def test_doctor_finds_nothing_wrong_here(terminal: Terminal) -> None:
    said = terminal("doctor", "--json", "--set", "serve.port=0", "--set", "history.port=0")
    assert {row["check"]: row["ok"] for row in said.rows if not row["ok"]} == {}
    assert said.code == 0


def test_doctor_says_what_to_do(terminal: Terminal, data_dir: Path) -> None:
    data_dir.write_text("not a folder")
    said = terminal("doctor", "--json", "--set", "serve.port=0", "--set", "history.port=0")
    (row,) = [row for row in said.rows if not row["ok"]]
    assert row["check"] == "data folder"
    assert "--data-dir" in row["to_do"]
    assert said.code == 8
    assert said.err == "energyguard: needs attention: data folder\n"


def test_up_twice_on_one_folder_is_refused(terminal: Terminal, data_dir: Path) -> None:
    with present(data_dir, "up", max_processes=1):
        said = terminal("up")
    assert said.code == 6
    assert f"already running (process {os.getpid()})" in said.err


def test_stop_where_nothing_runs(terminal: Terminal) -> None:
    assert terminal("stop").out == "nothing was running\n"


def test_doctor_sees_a_damaged_log(terminal: Terminal, data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "log.db").write_bytes(b"this is no database" * 1000)
    said = terminal("doctor", "--json", "--set", "serve.port=0", "--set", "history.port=0")
    (row,) = [row for row in said.rows if not row["ok"]]
    assert row["check"] == "log"
    assert "not a database" in row["found"]
    assert "backup" in row["to_do"]


@pytest.mark.parametrize("name", ["people.db", "store.db", "tokens.json", "access.json"])
def test_doctor_sees_a_damaged_small_file(terminal: Terminal, data_dir: Path, name: str) -> None:
    data_dir.mkdir()
    (data_dir / name).write_bytes(b"\xa5" * 5000)
    said = terminal("doctor", "--json", "--set", "serve.port=0", "--set", "history.port=0")
    (row,) = [row for row in said.rows if not row["ok"]]
    assert row["check"] == "small files"
    assert str(data_dir / name) in row["found"]
    assert "backup" in row["to_do"]
    assert said.code == 8


def test_doctor_tells_what_is_damaged_in_the_log(terminal: Terminal, data_dir: Path) -> None:
    with closing(SqliteLog(data_dir / "log.db")) as log:
        for number in range(5):
            log.append("energyguard.dead-letters", Records([None], [b"letter %d" % number]))
    with closing(connect(data_dir / "log.db")) as file:
        file.execute(
            "UPDATE segment SET body = zeroblob(20) WHERE instr(body, x'6c65747465722033')"
        )
    said = terminal("doctor", "--json", "--set", "serve.port=0", "--set", "history.port=0")
    (row,) = [row for row in said.rows if not row["ok"]]
    assert (row["check"], row["found"]) == ("log", "energyguard.dead-letters: 1 damaged appends")
    assert said.code == 8
