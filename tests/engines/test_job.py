"""A rule as data: what it declares, and what is refused by name."""

import ast
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from energyguard.errors import ConfigError, NotFound
from energyguard.ledger.channels import EnergyChannel
from energyguard.ledger.scales import Scale
from energyguard.model.channels import CHANNELS
from energyguard.model.topics import DAY_MS
from energyguard.rules.registry import open_book
from energyguard.stream.engines import flink, spark
from energyguard.stream.engines.counting import JobCounting
from energyguard.stream.engines.job import Engine, Job, Policy
from tests.cli.conftest import Said, Terminal, data_dir, terminal

__all__ = ["data_dir", "terminal"]  # fixtures

RULES = open_book((), ())


def job_of(rule_id: str = "household-demo", **more: Any) -> Job:
    return Job(rule=RULES.get(rule_id), bootstrap="127.0.0.1:9", **more)


def test_where_one_rule_relieves_another() -> None:
    at = 1_757_178_000_000
    assert job_of().explain()["writes"] == "all windows"
    assert job_of(until_ms=at).explain()["writes"] == "windows that end by 2025-09-06T17:00:00Z"
    assert constants(spark.emit(job_of(after_ms=at)))["AFTER_MS"] == at


def test_every_semantic_is_declared() -> None:
    said = job_of().explain()
    assert said["comparison"] == "sum > 0.05 kWh: strictly greater"
    assert said["window"] == "1 minute, [end - window, end)"
    assert said["lateness"] == "10 minutes behind the newest reading"
    assert said["duplicates"].startswith("drop")
    assert job_of(duplicates=Policy.COUNT).explain()["duplicates"].startswith("count")
    assert {"key", "event time", "slide", "aggregate", "emit", "late", "malformed"} <= said.keys()


@pytest.mark.parametrize("engine", Engine)
@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"parallelism": 0}, "at least 1"),
        ({"lateness_ms": -1}, "lateness is negative"),
    ],
)
def test_what_an_engine_cannot_express_is_refused(
    engine: Engine, more: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said) as refused:
        job_of(**more).check_for(engine)
    assert str(refused.value).startswith(engine.value)


def test_one_engine_may_refuse_what_another_takes() -> None:
    job = job_of(lateness_ms=100 * DAY_MS)
    job.check_for(Engine.SPARK)
    with pytest.raises(ConfigError, match="flink: a length of time of 100 days"):
        job.check_for(Engine.FLINK)


def counting(channel: str = "energy_register_kwh", **more: Any) -> JobCounting:
    kind = CHANNELS[channel].kind
    described = {name: EnergyChannel(kind)._replace(**of) for name, of in more.items()}
    return JobCounting(channel=channel, step_ms=1_200_000, described=described)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (JobCounting(channel="power_kw"), "power_kw: a power holds for its meter's rhythm, which"),
        (JobCounting(channel="voltage_v"), "voltage_v: it is no energy; let the embedded"),
        (JobCounting(channel="energy_register_kwh"), "say the longest step between two readings"),
        (counting(H1={"resets_daily": True}), "H1: energy_register_kwh: a counter of today"),
        (counting(H2={"rollover": 10**15}), "H2: energy_register_kwh: a register that begins aga"),
        (counting(H3={"largest_export_w": 1}), "H3: energy_register_kwh: a register that runs ba"),
        (
            counting("energy_kwh", H4={"scales": (Scale(0, 40, 1),)}),
            "H4: energy_kwh: what is sent",
        ),
        (JobCounting(length_ms=200 * DAY_MS), "would be in 1152004 windows, 10000 at most"),
    ],
)
def test_what_only_the_worker_counts_is_refused_by_name(asked: JobCounting, sentence: str) -> None:
    channels = ("energy_kwh", "energy_register_kwh", "power_kw")
    rule = RULES.get("household-demo").with_fields(channels=channels)
    for engine in Engine:
        with pytest.raises(ConfigError, match=re.escape(sentence)):
            Job(rule=rule, bootstrap="", counting=asked).check_for(engine)


def test_devices_that_are_described_as_all_are_not_in_the_job_s_text() -> None:
    same = {"length_ms": 1_800_000}
    many = {f"H{i}": same for i in range(2_000)} | {"H7": {"length_ms": 900_000}}
    asked = msgspec.structs.replace(counting("energy_kwh", **many), length_ms=1_800_000)
    assert list(asked.devices) == ["H7"]
    assert (asked.before_ms(700_000), asked.after_ms(15_000)) == (2_100_000, 0)
    assert "spread over 30 minutes from its time on; 1 devices" in asked.explain()


def test_what_is_fed_in_has_no_window_above_a_level() -> None:
    """By what is said of a device, else by a register's name; of intervals nothing is left out."""
    said: dict[str, Any] = {"sun": {"sign": "export"}, "yard/export": {"sign": "import"}}
    asked = counting(**said)
    rule = RULES.get("household-demo").with_fields(channels=("energy_kwh", "energy_register_kwh"))
    job = Job(rule=rule, bootstrap="", counting=asked)
    names = constants(spark.emit(job))["FED_IN_NAMES"]
    assert [name for name in FED_IN_OR_NOT if re.search(names, name)] == [*FED_IN_OR_NOT[:3]]
    text = flink.emit(job)
    assert (
        f" AND household_id NOT IN ('sun') AND (household_id IN ('yard/export') OR "
        f"NOT REGEXP(household_id, '{names}'));" in text
    )
    assert "REGEXP(household_id" not in flink.emit(job_of())
    assert "FED_IN_NAMES = ''" in spark.emit(job_of())


FED_IN_OR_NOT = ("home/export", "export", "dsmr/export/t1", "home", "home/exports", "export/pump")


def test_all_faults_at_once() -> None:
    rule = RULES.get("household-demo").with_fields(channels=("power_kw",), slide_ms=7_500)
    with pytest.raises(ConfigError) as refused:
        Job(rule=rule, bootstrap="").check_for(Engine.SPARK)
    first, second = refused.value.faults
    assert "not about the channel that the job reads (`energy_kwh`" in first
    assert "whole seconds" in second


ANNOTATED = {
    "AHEAD_MS", "AFTER_MS", "UNTIL_MS", "PROPERTIES", "STATE", "DEVICES", "FED_IN", "NOT_BY_NAME",
}  # fmt: skip


def constants(text: str) -> dict[str, Any]:
    """What the assignments of a Python file say."""
    return {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id.isupper()
        and not isinstance(node.value, ast.Call | ast.BinOp)
    }


def test_spark_s_file_says_what_the_job_says(tmp_path: Path) -> None:
    text = spark.emit(job_of("household-prod", checkpoint=tmp_path, ahead_ms=None))
    said = constants(text)
    assert said["RAISE_ABOVE_NANO_KWH"] == 2_000_000_000
    assert (said["WINDOW_MS"], said["SLIDE_MS"]) == (900_000, 15_000)
    assert said["RECORD_END"] == ',"rule":"kwh>2.0 over 15 minutes","mode":"prod"}'
    assert said["AHEAD_MS"] is None
    assert Path(said["CHECKPOINT"]).parent == tmp_path
    assert "import energyguard" not in text and "from energyguard" not in text


def test_the_template_has_every_constant() -> None:
    """The file in the package is a job too: what stands in it is what is put in its place."""
    template = constants(spark.TEMPLATE.read_text().split(spark.END)[0])
    assert template.keys() | ANNOTATED == constants(spark.emit(job_of()).split(spark.END)[0]).keys()


def run(terminal: Terminal, *words: str) -> Said:
    return terminal("job", *words)


def test_explain(terminal: Terminal) -> None:
    said = run(terminal, "explain", "household-prod", "--json")
    assert said.code == 0
    assert said.json["rule"] == "household-prod: kwh>2.0 over 15 minutes"


def test_a_job_counts_by_options_a_catalogue_s_file_and_the_settings(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENERGYGUARD_LEDGER_LARGEST_POWER_KW", "20")
    file, sites = tmp_path / "job.py", tmp_path / "sites.toml"
    sites.write_text(
        """[device.H2.channels.energy_kwh]
length = "1h"
stamp = "end"
max_power_kw = 40
"""
    )
    words = ["household-demo", "--kafka", "k:1", "--length", "30m", "--emit", str(file)]
    done = run(terminal, "spark", *words, "--catalogue", str(sites))
    assert done.code == 0, done.err
    found = constants(file.read_text())
    assert found["OF_ALL"] == (1_800_000, 0, 10 * 10**9, 10 * 10**9)
    assert found["DEVICES"] == {"H2": (3_600_000, 1, 40 * 10**9, 40 * 10**9)}
    assert (found["BEFORE_MS"], found["AFTER_WINDOW_MS"]) == (1_800_000, 3_600_000)
    sites.write_text("[device.H2.channels.energy_register_kwh]\nresets = 'daily'\n")
    words += ["--channel", "energy_register_kwh", "--step", "20m", "--catalogue", str(sites)]
    for engine in Engine:
        done = run(terminal, engine, *words)
        assert done.code == 2
        assert "H2: energy_register_kwh: a counter of today (resets)" in done.err
    done = run(terminal, "flink", "charging", "--kafka", "k:1", "--length", "1h")
    assert (done.code, "say how readings count" in done.err) == (2, True)
    for wrong, reason in ((("--stamp", "mid"), "start, end"), (("--channel", "kwh"), "none of")):
        assert reason in run(terminal, "spark", "household-demo", "--kafka", "k:1", *wrong).err


def test_emit(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "job.py"
    words = ("household-demo", "--kafka", "k:1", "--lateness", "2m", "--emit", str(file))
    assert run(terminal, "spark", *words).code == 0
    assert constants(file.read_text())["LATENESS"] == "120000 milliseconds"


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (("no-such-rule", "--kafka", "k:1"), NotFound.exit_code, "no rule 'no-such-rule'"),
        (("household-demo",), 2, "where is Kafka?"),
        (("household-demo", "--kafka", "127.0.0.1:9"), 8, "no Kafka answers at 127.0.0.1:9"),
        (("household-demo", "--kafka", "k:1", "--shape", "xml"), 2, "none of: csv, json"),
        (("household-demo", "--kafka", "k:1", "--ahead", "soon"), 2, "not a duration"),
        (("household-demo", "--kafka", "k:1", "--property", "x"), 2, "write it as name=value"),
    ],
)
def test_bad_words(
    terminal: Terminal,
    words: tuple[str, ...],
    code: int,
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("energyguard.stream.engines.programs.ANSWER_S", 0.5)
    said = run(terminal, "spark", *words)
    assert said.code == code
    assert reason in said.err


@pytest.mark.parametrize("more", [{"selector": "id=H*"}, {"devices": {"H1": {"dwell": "1m"}}}])
def test_a_rule_that_is_not_the_same_for_all_devices_is_refused(more: dict[str, Any]) -> None:
    given = job_of()
    rule = given.threshold.with_fields(**more)
    for engine in Engine:
        with pytest.raises(ConfigError, match="is not the same for all devices"):
            msgspec.structs.replace(given, rule=rule).check_for(engine)
