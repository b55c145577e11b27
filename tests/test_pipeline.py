"""The table of flows against the code and the diagram that are drawn from it."""

from __future__ import annotations

import re
from pathlib import Path

from energyguard.domain import load
from energyguard.log import LATEST, Records
from energyguard.pipeline import FLOWS, GROUPS, INGESTOR, READINGS, ROLES, flows_at_work
from energyguard.rules.kinds import KINDS
from energyguard.settings.edge import CloudSettings, EdgeSettings
from energyguard.settings.restate import RestateSettings
from energyguard.settings.tree import Settings, StoreSettings
from energyguard.testing import MemoryLog
from energyguard.topics import TOPICS

ROOT = Path(__file__).parents[1]


ALL = (
    *("averages", "uplink", "cloud", "worker", "detector", "sums", "sessions", "occupancy"),
    *("ingestor", "history", "restate", "restate-past", "catalogue", "notifier"),
)
WANTED = {
    "averages": "edge", "uplink": "edge", "cloud": "cloud", "ingestor": "store",
    "restate-past": "restate",
}  # fmt: skip
"""Groups that are at work where a setting asks for them: its section."""


def test_every_topic_is_written_and_read_by_someone() -> None:
    written = {topic for one in FLOWS for topic in one.writes}
    read = {topic for one in FLOWS for topic in (*one.reads, *one.tables)}
    assert written == set(TOPICS)
    assert read == set(TOPICS)


def test_every_flow_goes_through_a_file_and_has_a_group_of_its_own() -> None:
    for one in FLOWS:
        assert (ROOT / "energyguard" / one.through).is_file(), one
    assert set(GROUPS) == set(ALL)
    assert len(GROUPS) == len([one for one in FLOWS if one.group])


def test_every_kind_of_rule_is_run_by_a_flow_that_reads_readings() -> None:
    flows = {flow.name: flow for flow in FLOWS}
    assert {flows[kind.flow].reads for kind in KINDS.values()} == {READINGS}
    assert {kind.flow for kind in KINDS.values()} == {"windows", "detector"}


def test_every_group_is_played_by_one_role_which_there_is() -> None:
    played = [flow for role in ROLES.values() for flow in role.flows if flow.group]
    assert sorted(flow.group for flow in played) == sorted(GROUPS)
    for role in ROLES.values():
        assert load(role.steps or role.run), role
        assert role.is_wanted(Settings()) is not bool(role.needs)
        assert role.beside in ("", *ROLES)
    assert [*ROLES][-1] == "serve"  # the last to stop: people look at it


def test_who_counts_on_a_group_decides_whether_its_lag_counts() -> None:
    log = MemoryLog()
    at_work = flows_at_work(log.positions, Settings())
    assert [flow.group for flow in at_work] == [group for group in ALL if group not in WANTED]
    named = Settings(
        store=StoreSettings(url="sqlite:///store.db"),
        edge=EdgeSettings(cloud="tls+tcp://localhost:5556"),
        cloud=CloudSettings(listen="localhost:5556"),
        restate=RestateSettings(backfills=True),
    )
    assert {flow.group for flow in flows_at_work(log.positions, named)} == set(GROUPS)
    topic = INGESTOR.topics[0]
    log.append(topic, Records([b"H1"], [b"x"]))
    member = log.join(INGESTOR.group, INGESTOR.topics)
    with log.transaction(member) as transaction:
        transaction.move(log.positions(topic, LATEST))
    assert INGESTOR in flows_at_work(log.positions, Settings())  # one has been at work


class Diagram:
    """What ``docs/architecture.md`` draws: nodes by their text, and who leads to whom."""

    def __init__(self) -> None:
        text = (ROOT / "docs" / "architecture.md").read_text()
        lines = text[text.index("```mermaid") :].split("```")[1].splitlines()[2:]
        self.texts: dict[str, str] = {}
        self.edges: set[tuple[str, str]] = set()
        for line in lines:
            parts = re.split(r"\s*(<?-->|-\.->)(?:\|[^|]*\|)?\s*", line.strip())
            ends = [[self._node(name) for name in part.split(" & ")] for part in parts[::2]]
            for left, arrow, right in zip(ends, parts[1::2], ends[1:], strict=False):
                self.edges |= {(a, b) for a in left for b in right}
                if arrow == "<-->":
                    self.edges |= {(b, a) for a in left for b in right}

    def _node(self, part: str) -> str:
        name, bracket, text = part.partition("[")
        if bracket:
            self.texts[name] = text
        return name

    def of(self, text: str) -> str:
        """The node that names a topic or a file."""
        word = re.compile(rf"(?<![\w.*-]){re.escape(text)}(?![\w.*-])")
        (found,) = [name for name, told in self.texts.items() if word.search(told)]
        return found


def test_the_diagram_has_every_flow_with_what_it_reads_and_writes() -> None:
    drawn = Diagram()
    for one in FLOWS:
        here = drawn.of(one.through)
        for topic in (*one.reads, *one.tables):
            assert (drawn.of(topic.name), here) in drawn.edges, (one.name, "reads", topic.name)
        for topic in one.writes:
            assert (here, drawn.of(topic.name)) in drawn.edges, (one.name, "writes", topic.name)
    topics = {drawn.of(topic.name) for topic in TOPICS}
    flows = {drawn.of(one.through): set[str]() for one in FLOWS}
    for one in FLOWS:
        flows[drawn.of(one.through)] |= {drawn.of(t.name) for t in (*one.reads, *one.tables)}
    for left, right in drawn.edges:
        if left in topics and right in flows:
            assert left in flows[right], f"{right} does not read {left}"
