"""What a domain brings, and how the domains of other packages are found."""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from energyguard.codecs.dialect import Dialect
from energyguard.domain import Domain, Simulator, checked, installed, load
from energyguard.errors import ConfigError
from energyguard.flow import Role
from energyguard.history.query import queries
from energyguard.history.rollups import rollup_kinds
from energyguard.intake.messages import border_of, of_shape
from energyguard.model.topics import Holds, Topic
from energyguard.pipeline import ARCHIVE, BORDER, FLOWS, GROUPS, ROLES, SCENARIOS, WINDOWS
from energyguard.topics import TOPICS, topic_named

ROOT = Path(__file__).parents[2]


def test_all_that_a_domain_brings_is_there() -> None:
    for domain in installed():
        assert {*domain.topics} <= {*TOPICS}
        readings = {topic for topic in domain.topics if topic.holds is Holds.READINGS}
        assert readings <= {*WINDOWS.reads}
        assert readings | {*domain.archived} <= {*ARCHIVE.reads}
        assert (
            [record.topic for record in load(domain.records)]
            == [topic for topic in domain.topics if topic.holds is not Holds.READINGS]
            if domain.records
            else readings == {*domain.topics}
        )
        for messages in domain.messages:
            assert {*messages.topics} <= {*BORDER.writes}
            assert messages.group in GROUPS
            assert of_shape(messages.shape) is messages
            assert border_of(messages) is load(messages.border)
            assert load(messages.replay)
        for role in domain.roles:
            assert ROLES[role.name] is role
            assert load(role.run)
        for projection in domain.projections:
            assert projection.flow in FLOWS
            assert load(projection.follow)
            assert projection.span in queries()
        for program in domain.programs:
            assert load(program.evaluate)
            assert load(program.job)
            assert all(load(f"{module}:run") for module in program.engines.values())
        assert not domain.rollups or load(domain.rollups) in rollup_kinds()
        assert all(load(reference) for reference in (*domain.routes, *domain.upgrades))
        assert all(load(reference) for reference in domain.commands.values())
        assert all(isinstance(load(dialect), Dialect) for dialect in domain.dialects)
        assert domain.rules is None or domain.rules.is_file()
        assert domain.queries is None or domain.queries.is_dir()
        for simulator in domain.simulators:
            assert simulator.role in ROLES
            assert SCENARIOS[simulator.name] == simulator.role
            assert load(simulator.steps or simulator.run)
    assert topic_named("topic-test") is load("energyguard.domains.thermometer:THERMOMETER")
    assert topic_named("topic-tes") is None


@pytest.mark.parametrize(
    ("other", "both"),
    [
        (Domain(name="a"), "domain 'a'"),
        (Domain(name="b", topics=(Topic("t", ""),)), "topic 't'"),
        (Domain(name="b", simulators=(Simulator(name="s", role="b"),)), "simulator 's'"),
        (Domain(name="b", simulators=(Simulator(name="b", role="r"),)), "role 'r'"),
        (Domain(name="b", roles=(Role("r", "x:y"),)), "role 'r'"),
        (Domain(name="b", commands={"import x": "x:y"}), "command 'import x'"),
    ],
)
def test_two_domains_bring_nothing_of_the_same_name(other: Domain, both: str) -> None:
    domain = Domain(
        name="a",
        topics=(Topic("t", ""),),
        simulators=(Simulator(name="s", role="r"),),
        commands={"import x": "x:y"},
    )
    assert checked([domain]) == (domain,)
    with pytest.raises(ConfigError, match=both):
        checked([domain, other])


@pytest.mark.parametrize("reference", ["nowhere:X", "energyguard.domain:X", "energyguard.domain"])
def test_a_reference_that_leads_nowhere_is_named(reference: str) -> None:
    with pytest.raises(ConfigError, match=reference):
        load(reference)


def evaluate(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command where a folder of packages is installed."""
    environment = {**os.environ, "PYTHONPATH": f"{folder}:{ROOT}"}
    command = [sys.executable, "-m", "energyguard", "evaluate", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def install(folder: Path, name: str, text: str, value: str) -> None:
    """Put a module and its entry point into a folder, as an installer does."""
    (folder / f"{name}.py").write_text(text)
    about = folder / f"{name}-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    (about / "entry_points.txt").write_text(f"[energyguard.domains]\n{name} = {value}\n")


def test_a_dialect_is_one_file(tmp_path: Path) -> None:
    """The one of the page, and the three lines that name it: nothing else is touched."""
    page = (ROOT / "docs" / "extending.md").read_text()
    (dialect,) = re.findall(r"```python\n(.*?DIALECT = .*?)```", page, re.DOTALL)
    domain = "from energyguard.domain import Domain\n"
    domain += 'DOMAIN = Domain(name="inverter", dialects=("inverter:DIALECT",))\n'
    lines = tmp_path / "roof.jsonl"
    lines.write_text('{"time":"2026-06-21T12:00:00Z","inverter":"roof","ac_watts":3215.5}\n')
    words = ("--rule", "household-prod", str(lines))
    assert "1 readings (1 malformed)" in evaluate(tmp_path, *words).stderr
    install(tmp_path, "inverter", dialect + domain, "inverter:DOMAIN")
    answer = evaluate(tmp_path, *words)
    assert answer.returncode == 0, answer.stderr
    assert "1 readings (1 accepted)" in answer.stderr


def test_an_entry_point_that_is_no_domain_is_named(tmp_path: Path) -> None:
    install(tmp_path, "wrong", "DOMAIN = 1\n", "wrong:DOMAIN")
    answer = evaluate(tmp_path, "--rule", "household-prod", "-")
    assert answer.returncode == 2
    assert "energyguard.domains: wrong = wrong:DOMAIN is no Domain" in answer.stderr


def test_what_is_loaded_is_not_looked_at_for_garbage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "looked_at.py").write_text("import gc\nIS_LOOKED_AT = gc.isenabled()\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert not load("looked_at:IS_LOOKED_AT")
    assert gc.isenabled()
    with pytest.raises(ConfigError, match="cannot be loaded"):
        load("looked_at:NOTHING")
    assert gc.isenabled()
