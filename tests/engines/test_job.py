"""A rule as data: what it declares, and what is refused by name."""

import ast
from pathlib import Path
from typing import Any

import msgspec
import pytest

from energyguard.errors import ConfigError, NotFound
from energyguard.model.topics import DAY_MS
from energyguard.rules.registry import open_book
from energyguard.stream.engines import spark
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


def test_all_faults_at_once() -> None:
    rule = RULES.get("household-demo").with_fields(channels=("power_kw",), slide_ms=7_500)
    with pytest.raises(ConfigError) as refused:
        Job(rule=rule, bootstrap="").check_for(Engine.SPARK)
    first, second = refused.value.faults
    assert "add 'energy_kwh'" in first
    assert "whole seconds" in second


ANNOTATED = {"AHEAD_MS", "AFTER_MS", "UNTIL_MS", "PROPERTIES", "STATE"}


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
    assert (said["WINDOW"], said["SLIDE"]) == ("900000 milliseconds", "15000 milliseconds")
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
