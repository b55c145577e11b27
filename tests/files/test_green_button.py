"""Green Button: plain readings are read at once, to what an XML parser alone reads of them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energyguard.codecs.assembly import DEFAULT
from energyguard.errors import Malformed
from energyguard.files.formats import formats
from energyguard.files.found import FileAnswers
from energyguard.files.named.espi import read_espi
from energyguard.files.named.espi_runs import RUN, plain_runs
from tests.thorough import examples

EXAMPLE = formats()["espi"].example.decode()
_FIRST = "<IntervalReading>"
TO_PARSER = b"<!-- -->"
"""At the end of a feed: what stands before may be in a comment, so that nothing is taken out."""
PIECES = (
    "<IntervalReading>", "</IntervalReading>", "<timePeriod>", "</timePeriod>", "<start>",
    "</start>", "<value>", "</value>", "<tou>1</tou>", "<cost/>", "<!--", "-->", "<![CDATA[",
    "]]>", "<?a ", "?>", "&amp;", "&#49;", " ", "\n", "-", "1", ".", "²", "x", '"', "<", ">", "",
    "<ReadingQuality><quality>8</quality></ReadingQuality>", '<IntervalReading a="1">',
    '<IntervalReading energyguard-run="0 1"/>', "<feed>", "</feed>", "</IntervalBlock>",
    "<value><IntervalReading><timePeriod><start>1772323200</start></timePeriod>"
    "<value>3</value></IntervalReading>7</value>",
)  # fmt: skip


def outcome(data: bytes) -> object:
    """Everything that is said of a feed, or how it is refused."""
    try:
        found = read_espi(data, "usage.xml", FileAnswers(device="h"), DEFAULT)
    except Malformed:
        return "refused"
    return found.decoded.batch.to_pylist(), found.decoded.rows.tolist(), found.decoded.refused


@settings(deadline=None, max_examples=examples(100, 300))
@given(st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 30), st.sampled_from(PIECES))))
def test_a_feed_is_what_the_parser_alone_says(changes: list[tuple[int, int, str]]) -> None:
    text = EXAMPLE
    for at, length, piece in changes[:4]:
        at = text.find(_FIRST) - 40 + at % (len(text) - text.find(_FIRST))
        text = text[:at] + piece + text[at + length :]
    data = text.encode()
    assert plain_runs(data + TO_PARSER) is None
    assert outcome(data) == outcome(data + TO_PARSER)


PRETTY = EXAMPLE.replace("><", ">\n  <")
PREFIXED = EXAMPLE
for name in ("IntervalReading", "timePeriod", "duration", "start", "value", "IntervalBlock"):
    PREFIXED = PREFIXED.replace(f"<{name}>", f"<e:{name}>").replace(f"</{name}>", f"</e:{name}>")
PREFIXED = PREFIXED.replace("<IntervalBlock xmlns=", "<e:IntervalBlock xmlns:e=")
PREFIXED = PREFIXED.replace("<interval>", "<e:interval>").replace("</interval>", "</e:interval>")
DETAILED = EXAMPLE.replace(
    _FIRST, f"{_FIRST}<cost>12</cost><ReadingQuality><quality>8</quality></ReadingQuality>"
).replace("</value>", "</value><tou>1</tou>")


@pytest.mark.parametrize(
    "text",
    [EXAMPLE, PRETTY, PREFIXED, DETAILED, EXAMPLE.replace("<feed", "<!-- <x> -->\n<feed")],
    ids=["plain", "pretty", "prefixed", "detailed", "after a comment"],
)
def test_plain_readings_are_taken_out_in_one_run(text: str) -> None:
    data = text.encode()
    runs = plain_runs(data)
    assert runs is not None
    assert (runs.starts, runs.values) == ([1_772_323_200_000, 1_772_326_800_000], ["412", "388"])
    assert (runs.rest.count(b"IntervalReading"), runs.rest.count(b'run="0 2"')) == (1, 1)
    assert outcome(data) == outcome(data + TO_PARSER) != "refused"


def test_runs_stand_where_their_readings_stood() -> None:
    odd = "<IntervalReading><timePeriod><start>1772325000</start></timePeriod><value> 9 </value>"
    first, _, second = EXAMPLE.rpartition(_FIRST)
    data = f"{first}{odd}</IntervalReading>{_FIRST}{second}".encode()
    runs = plain_runs(data)
    assert runs is not None
    assert [runs.of(run)[1] for run in ("0 1", "1 1")] == [["412"], ["388"]]
    found = read_espi(data, "usage.xml", FileAnswers(device="h"), DEFAULT)
    values = [row["value"] for row in found.decoded.batch.to_pylist()]
    assert values == [412_000_000, 9_000_000, 388_000_000]


def test_a_file_that_says_it_has_runs_has_none() -> None:
    data = EXAMPLE.replace(_FIRST, f'<IntervalReading {RUN}="0 2"/>{_FIRST}', 1).encode()
    assert plain_runs(data) is None
    assert outcome(data) == outcome(data + TO_PARSER)
