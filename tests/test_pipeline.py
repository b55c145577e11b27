"""The table of flows against the code and the diagram that are drawn from it."""

from __future__ import annotations

from pathlib import Path

from energyguard.pipeline import FLOWS, GROUPS
from energyguard.topics import TOPICS

ROOT = Path(__file__).parents[1]


def test_every_topic_is_written_and_read_by_someone() -> None:
    written = {topic for one in FLOWS for topic in one.writes}
    read = {topic for one in FLOWS for topic in (*one.reads, *one.tables)}
    assert written == set(TOPICS)
    assert read == set(TOPICS)


def test_every_flow_goes_through_a_file_and_has_a_group_of_its_own() -> None:
    for one in FLOWS:
        assert (ROOT / "energyguard" / one.through).is_file(), one
    assert set(GROUPS) == {"worker", "sessions", "occupancy", "ingestor", "history"}
    assert len(GROUPS) == len([one for one in FLOWS if one.group])


def test_the_diagram_has_every_topic_and_flow() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    diagram = text[text.index("```mermaid") : text.index("```", text.index("```mermaid") + 3)]
    for topic in TOPICS:
        assert topic.name in diagram, topic.name
    for one in FLOWS:
        assert one.through in diagram, one.through
