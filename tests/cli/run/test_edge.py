"""Edges in a terminal: enrolled, joined, forgotten; what an edge says of itself, and of damage."""

from __future__ import annotations

from pathlib import Path

from energyguard.edge.link.enrolment import Enrolment
from energyguard.edge.link.identity import Authority, read_bundle
from energyguard.log import Records, open_log
from energyguard.model.topics import ALERTS
from tests.cli.conftest import Terminal
from tests.forking import run


def test_an_edge_is_enrolled_joins_and_is_forgotten(
    terminal: Terminal, data_dir: Path, tmp_path: Path
) -> None:
    file, folder = tmp_path / "roof.json", tmp_path / "roof"
    made = terminal("edge", "enroll", "roof", "--host", "cloud.example", "--out", str(file))
    assert made.code == 0
    assert "energyguard edge join roof.json" in made.out
    bundle = read_bundle(file)
    assert bundle.cloud == "tls+tcp://cloud.example:5556"
    assert file.stat().st_mode & 0o077 == 0
    kept = terminal("edge", "join", str(file), "--data-dir", str(folder))
    assert (kept.code, "is edge roof" in kept.out) == (0, True)
    log = open_log(f"sqlite:///{data_dir / 'log.db'}")
    assert Enrolment(log).entries()["roof"].identity == bundle.common_name
    log.close()
    assert terminal("edge", "forget", "roof").out == "edge roof is refused from now on\n"
    again = terminal("edge", "forget", "roof")
    assert (again.code, "edge roof is refused since 20" in again.out) == (0, True)
    unknown = terminal("edge", "forget", "barn")
    assert (unknown.code, "no edge 'barn' may send here" in unknown.err) == (4, True)


def test_an_address_that_edges_cannot_reach_is_asked_for(terminal: Terminal) -> None:
    asked = terminal("edge", "enroll", "roof", "--set", "cloud.listen=0.0.0.0:5556")
    assert (asked.code, "--host" in asked.err) == (2, True)


def test_an_edge_without_a_certificate_says_how_to_get_one(terminal: Terminal) -> None:
    for words in (("edge",), ("edge", "status")):
        said = terminal(*words)
        assert said.code == 2
        assert "energyguard edge enroll NAME" in said.err
        assert "energyguard edge join FILE" in said.err


def test_a_bundle_that_is_damaged_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "b.json"
    file.write_text("{}")
    assert terminal("edge", "join", str(file)).code == 3


def joined(terminal: Terminal, folder: Path, tmp_path: Path) -> Path:
    """An edge's folder, with one alert in its outbox."""
    file = tmp_path / "roof.json"
    assert terminal("edge", "enroll", "roof", "--host", "c", "--out", str(file)).code == 0
    assert terminal("edge", "join", str(file), "--data-dir", str(folder)).code == 0
    log = open_log(f"sqlite:///{folder / 'log.db'}")
    log.append(ALERTS.name, Records([b"H1"], [b"{}"]))
    log.close()
    return folder


def test_the_status_of_an_edge_that_does_not_run_is_that_of_its_log(
    terminal: Terminal, tmp_path: Path
) -> None:
    folder = joined(terminal, tmp_path / "roof", tmp_path)
    (found,) = terminal("edge", "status", "--data-dir", str(folder), "--json").rows
    assert (found["edge"], found["line"], found["queued"]) == ("roof", "stopped", 1)
    assert found["oldest_ms"] is not None
    assert "stopped" in terminal("edge", "status", "--data-dir", str(folder)).out


def test_an_outbox_that_is_damaged_is_said_with_its_file(
    terminal: Terminal, tmp_path: Path
) -> None:
    folder = joined(terminal, tmp_path / "roof", tmp_path)
    path = folder / "log.db"
    path.write_bytes(b"no database" + bytes(8192))
    for words in (("edge", "status"), ("edge",)):
        said = terminal(*words, "--data-dir", str(folder))
        assert said.code == 1
        assert str(path) in said.err
        assert "Traceback" not in said.err


def test_a_folder_is_one_edges(terminal: Terminal, tmp_path: Path) -> None:
    folder = joined(terminal, tmp_path / "roof", tmp_path)
    said = terminal("edge", "--data-dir", str(folder), "--name", "barn")
    assert (said.code, "'roof'" in said.err) == (2, True)
    other = tmp_path / "barn.json"
    terminal("edge", "enroll", "barn", "--host", "c", "--out", str(other))
    said = terminal("edge", "join", str(other), "--data-dir", str(folder))
    assert (said.code, "'roof'" in said.err) == (6, True)


def test_an_address_that_is_none_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    folder = joined(terminal, tmp_path / "roof", tmp_path)
    words = ("edge", "--data-dir", str(folder), "--cloud", "http://cloud")
    # a role sets up the log and the signals of its whole process: it gets one
    said = run(*words, timeout_s=60)
    assert (said.returncode, "tls+tcp://HOST:PORT" in said.stderr) == (2, True)


def test_an_authority_that_is_damaged_is_said(terminal: Terminal, data_dir: Path) -> None:
    path = Authority(data_dir).path
    path.write_text(path.read_text()[:300])
    said = terminal("edge", "enroll", "roof", "--host", "c")
    assert (said.code, str(path) in said.err) == (1, True)
