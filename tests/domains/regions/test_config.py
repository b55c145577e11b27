"""System E's ``config.ini``, and the verb that runs it."""

from __future__ import annotations

import json
import time
from contextlib import closing
from pathlib import Path

import pytest

from energyguard.domains.regions.config import SystemEConfig, moment, read_config, span_end
from energyguard.domains.regions.topics import POWER
from energyguard.errors import ConfigError, NotFound
from energyguard.log import open_log
from tests.cli.conftest import Terminal
from tests.domains.conftest import records
from tests.domains.regions.files import cut, homes, write

START_MS = 1_577_145_600_000
LISTED = """[Sim]
start = 2019-12-24 00:00:00
end = 30
household_data_dir = data/testing

[Server]
kafka_address = localhost:9092
cloud_node_address=tcp://localhost:37329
"""


def test_system_e_s_own_file(tmp_path: Path) -> None:
    (tmp_path / "data/testing").mkdir(parents=True)
    (path := tmp_path / "config.ini").write_text(LISTED)
    assert read_config(path) == SystemEConfig(
        start_ms=START_MS,
        for_s=30,
        data=tmp_path / "data/testing",
        kafka="localhost:9092",
        cloud="tcp://localhost:37329",
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("start = 2019-12-24 00:00:00.000", SystemEConfig(start_ms=START_MS)),
        ("start = '2019-12-24T01:00:00+01:00'", SystemEConfig(start_ms=START_MS)),
        ("START = 2019-12-24", SystemEConfig(start_ms=START_MS)),
        ("start = 1577145600000", SystemEConfig(start_ms=START_MS)),
        ("end = 2019-12-24 00:00:30.250", SystemEConfig(end_ms=START_MS + 30_250)),
        ("step = 2", SystemEConfig(step_s=2)),
        ("step_size = 10", SystemEConfig(step_s=10)),
        ("data = homes", SystemEConfig(data=Path("homes"))),
        ("kafka = kafka://a:1,b:2", SystemEConfig(kafka="a:1,b:2")),
        ("cloud = tls+tcp://c:5556", SystemEConfig(cloud="tls+tcp://c:5556")),
        ("colour = 100%", SystemEConfig(unknown=("[Any] colour",))),
    ],
)
def test_other_ways_to_say_it(tmp_path: Path, line: str, expected: SystemEConfig) -> None:
    (path := tmp_path / "config.ini").write_text(f"\ufeff[Any]\n{line}\n", "utf-8")
    assert read_config(path) == expected


def test_every_fault_is_said_with_its_key(tmp_path: Path) -> None:
    path = tmp_path / "config.ini"
    path.write_text("[Sim]\nstart = noon\nend = later\nstep = 0\n")
    with pytest.raises(ConfigError) as raised:
        read_config(path)
    assert [fault.partition(str(path))[2] for fault in raised.value.faults] == [
        ": start = noon: no time such as 2019-12-24 00:00:00",
        ": end = later: neither seconds after the start, nor a time",
        ": step = 0: no whole number of seconds",
    ]
    path.write_text("start = 1\n")
    with pytest.raises(ConfigError, match="no section headers"):
        read_config(path)
    with pytest.raises(NotFound, match="nowhere"):
        read_config(tmp_path / "nowhere.ini")


def test_times_of_the_year_12019_are_none() -> None:
    for text in ("", "12", "2019-13-01", "12019-01-01", "-1577145600000"):
        with pytest.raises(ValueError, match="no time"):
            moment(text)
    assert span_end("0") == {"for_s": 0}


def _messages(data_dir: Path) -> list[int]:
    with closing(open_log(f"sqlite:///{data_dir / 'log.db'}")) as log:
        found = records(log, POWER.name)
    return [json.loads(value or b"")["timestamp"] for _, value, _ in found]


def test_the_verb_runs_a_config(terminal: Terminal, data_dir: Path) -> None:
    folder = data_dir.parent / "e/data/testing"
    folder.mkdir(parents=True)
    write(folder, cut(homes()[0], 0, 600))
    path = write(folder, cut(homes()[1], 0, 600), titled=False, millis=True)
    path.write_text(path.read_text() + "broken\n")
    (config := data_dir.parent / "e/config.ini").write_text(LISTED + "noise = 1\n")
    done = terminal(
        "simulate", "mosaik", "--config", config, "--log", f"sqlite:///{data_dir}/log.db"
    )
    assert done.code == 0, done.err
    assert done.err.splitlines() == [
        f"energyguard: {config}: [Server] noise means nothing here",
        f"energyguard: {path}:302: 1 columns instead of 7 "
        "(date,timestamp,energy,power,power1,power2,power3)",
    ]
    assert "30 messages of 2 homes into power_topic" in done.out
    assert "1 lines were left out; the cloud, tcp://localhost:37329" in done.out
    assert len(_messages(data_dir)) == 30


def test_options_come_before_the_config(terminal: Terminal, data_dir: Path) -> None:
    folder = data_dir.parent / "homes"
    folder.mkdir()
    write(folder, cut(homes()[0], 0, 7200))
    (config := data_dir.parent / "config.ini").write_text(LISTED.replace("kafka_address", "x"))
    words = ("--data", folder, "--start", "2019-12-24 01:00", "--end", "2019-12-24 01:30:00.5")
    done = terminal("simulate", "mosaik", "--config", config, *words, "--json")
    assert done.code == 0, done.err
    assert done.json["messages"] == len(_messages(data_dir)) == 900
    assert done.json["start"] == "2019-12-24T01:00:00Z"
    assert done.json["homes"][0]["readings"] == 900
    assert min(_messages(data_dir)) >= START_MS + 3_600_000


@pytest.mark.parametrize(
    ("words", "why", "code"),
    [
        ((), "say where the household files are: --data DIR, or --config FILE", 2),
        (("--data", "nowhere"), "nowhere: no such folder of household files", 4),
        (("--data", "."), ".: no household files in it (.csv, .csv.gz)", 4),
        (("--data", ".", "--start", "noon"), "no time such as 2019-12-24 00:00:00", 2),
        (("--data", "h", "--speedup", "0"), "--speedup 0.0: above 0, or inf", 2),
        (("--data", "h", "--start", "2031-01-01", "--end", "9"), "no file has a reading in the", 3),
    ],
)
def test_what_cannot_be_simulated_is_said(
    terminal: Terminal, data_dir: Path, words: tuple[str, ...], why: str, code: int
) -> None:
    (data_dir.parent / "h").mkdir()
    write(data_dir.parent / "h", cut(homes()[0], 0, 60))
    done = terminal("simulate", "mosaik", *words)
    assert (done.code, done.out) == (code, "")
    assert why in done.err
    assert "Traceback" not in done.err


def test_a_file_is_played_at_its_pace(terminal: Terminal, data_dir: Path) -> None:
    (data_dir.parent / "h").mkdir()
    write(data_dir.parent / "h", cut(homes()[0], 0, 60))
    begin = time.monotonic()
    done = terminal("simulate", "mosaik", "--data", "h", "--speedup", "50", "--json")
    assert done.code == 0, done.err
    assert time.monotonic() - begin > 1.1
    assert len(_messages(data_dir)) == 30
