"""The table of flows against the code and the diagram that are drawn from it."""

from __future__ import annotations

from pathlib import Path

from energyguard import ingest
from energyguard.history import archive
from energyguard.model.topics import TOPICS
from energyguard.pipeline import FLOWS, flow
from energyguard.stream.window_stage import GROUP

ROOT = Path(__file__).parents[1]


def test_every_topic_is_written_and_read_by_someone() -> None:
    written = {topic for one in FLOWS for topic in one.writes}
    read = {topic for one in FLOWS for topic in one.reads}
    assert written == set(TOPICS)
    assert read == set(TOPICS)


def test_operators_and_groups_are_those_of_the_code() -> None:
    for one in FLOWS:
        assert (ROOT / "energyguard" / one.through).is_file(), one
    assert flow("windows").group == GROUP
    assert flow("archive").group == archive.GROUP
    assert flow("ingest").group == ingest.GROUP
    assert {topic.name for topic in flow("archive").reads} == set(archive.TOPICS)
    assert {topic.name for topic in flow("ingest").reads} == set(ingest.TOPICS)


def test_the_diagram_has_every_topic_and_flow() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    diagram = text[text.index("```mermaid") : text.index("```", text.index("```mermaid") + 3)]
    for topic in TOPICS:
        assert topic.name in diagram, topic.name
    for one in FLOWS:
        assert one.through in diagram, one.through
