"""However messages are cut, repeated or damaged, nothing is lost, doubled or worse than refused."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from energyguard.errors import Unavailable
from energyguard.mqtt.packets import (
    OLD_VERSION,
    VERSION,
    BrokerAnswer,
    PacketReader,
    Publish,
    Session,
    Will,
    acknowledge,
    connect,
    publish,
)
from energyguard.mqtt.packets import subscribe as subscribing
from energyguard.mqtt.registry import DIALECTS
from tests.mqtt.taken import decoded, messages, rows, taker
from tests.mqtt.test_dialects import GOLDEN
from tests.thorough import examples

SENT = [one for sent, _ in GOLDEN.values() for one in sent]
SENT += [(one.topic, one.payload) for dialect in DIALECTS for one in dialect.examples]
LESSONS = [one for one in SENT if one[0].endswith("/bridge/devices")]
ALL = set(rows(decoded(SENT)))
MESSAGES = st.lists(st.sampled_from(SENT), max_size=12)


@given(MESSAGES, st.integers(0, 12))
@settings(max_examples=examples(10, 30), deadline=None)
def test_readings_do_not_depend_on_order_repeats_or_batches(
    sent: Sequence[tuple[str, bytes]], cut: int
) -> None:
    one = taker()
    for message in messages(LESSONS):
        one.learn(message)
    whole = rows(one.decode(messages(sent)))
    parts = rows(one.decode(messages(sent[:cut]))) + rows(one.decode(messages(sent[cut:])))
    assert whole == parts
    assert set(whole) <= ALL
    assert set(rows(one.decode(messages([*sent, *sent][::-1])))) == set(whole)


TOPICS = st.sampled_from([topic for topic, _ in SENT] + ["a/b/c", "", "tele//SENSOR", "/"])
HOSTILE = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([body for _, body in SENT]).flatmap(
        lambda body: st.integers(0, len(body)).map(lambda end: body[:end])
    ),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["ENERGY", "Power", "Time", "params", "method", "switch:0", "value"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    ).map(lambda value: str(value).replace("'", '"').replace("None", "null").encode()),
)


@given(st.lists(st.tuples(TOPICS, HOSTILE), max_size=6))
@settings(max_examples=examples(20, 60), deadline=None)
def test_hostile_bytes_are_refused_and_hurt_no_neighbour(sent: list[tuple[str, bytes]]) -> None:
    good = ("energyguard/l/b/power_w", b"5")
    found = decoded([*LESSONS, *sent, good])
    assert rows(found)[-1] == ("l/b", "power_kw", "0.005", 0)


PUBLISHES = st.builds(
    Publish,
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1,
            max_size=20),
    st.binary(max_size=300),
    st.integers(0, 65_535),
    st.booleans(),
    st.booleans(),
)  # fmt: skip


def as_bytes(one: Publish, version: int) -> bytes:
    """A message as a broker writes it, by the standards' own words (section 3.3 of both)."""
    flags = 0x30 | (8 if one.is_repeated else 0) | (2 if one.packet_id else 0)
    topic = one.topic.encode()
    body = len(topic).to_bytes(2, "big") + topic
    body += one.packet_id.to_bytes(2, "big") if one.packet_id else b""
    body += b"\x05\x02\x00\x00\x00\x3c" if version == VERSION else b""  # it expires in a minute
    body += one.payload
    length = bytes((len(body) % 128 | 128, len(body) // 128)) if len(body) > 127 else b""
    return bytes((flags | one.is_retained,)) + (length or bytes((len(body),))) + body


VERSIONS = st.sampled_from([VERSION, OLD_VERSION])


@given(st.lists(PUBLISHES, max_size=8), st.lists(st.integers(1, 40), max_size=60), VERSIONS)
@settings(max_examples=examples(33, 100), deadline=None)
def test_packets_are_found_however_their_bytes_are_cut(
    sent: list[Publish], pieces: list[int], version: int
) -> None:
    data, reader, found = (
        b"".join(as_bytes(one, version) for one in sent),
        PacketReader(version),
        list[Publish | BrokerAnswer](),
    )
    for size in [*pieces, len(data)]:
        found += reader.packets(data[:size])
        data = data[size:]
    assert found == sent


@given(st.binary(max_size=80), VERSIONS)
@settings(max_examples=examples(50, 150), deadline=None)
def test_a_broker_that_talks_nonsense_is_said_not_to_be_there(data: bytes, version: int) -> None:
    try:
        list(PacketReader(version).packets(data))
    except Unavailable as error:
        assert str(error)


def test_packets_are_those_of_the_standard() -> None:
    will, session = Will("s", b"off"), Session("me", 60)
    assert connect(session, "u", b"p", 30, will, VERSION) == (
        b"\x10\x2b\x00\x04MQTT\x05\xe4\x00\x1e"
        b"\x0d\x11\x00\x00\x00\x3c\x21\xff\xff\x27\x00\x80\x00\x00"
        b"\x00\x02me\x00\x00\x01s\x00\x03off\x00\x01u\x00\x01p"
    )
    assert subscribing(7, ["a/#"], VERSION) == b"\x82\x09\x00\x07\x00\x00\x03a/#\x01"
    assert publish("a", b"b", VERSION, retain=True) == b"\x31\x05\x00\x01a\x00b"
    assert acknowledge([1, 258]) == b"\x40\x02\x00\x01\x40\x02\x01\x02"


def test_packets_of_3_1_1_have_no_properties() -> None:
    will, session = Will("s", b"off"), Session("me", 60)
    assert connect(session, "u", b"p", 30, will, OLD_VERSION) == (
        b"\x10\x1c\x00\x04MQTT\x04\xe4\x00\x1e\x00\x02me\x00\x01s\x00\x03off\x00\x01u\x00\x01p"
    )
    assert subscribing(7, ["a/#"], OLD_VERSION) == b"\x82\x08\x00\x07\x00\x03a/#\x01"
    assert publish("a", b"b", OLD_VERSION, retain=False) == b"\x30\x04\x00\x01ab"
    answers = PacketReader(OLD_VERSION).packets(b"\x20\x02\x01\x00\x90\x04\x00\x07\x01\x80")
    let_in, granted = [answer for answer in answers if isinstance(answer, BrokerAnswer)]
    assert (let_in.session_present, let_in.is_refusal) == (True, False)
    assert (granted.packet_id, granted.codes) == (7, b"\x01\x80")
    wrong = [*PacketReader(OLD_VERSION).packets(b"\x20\x02\x00\x04\x20\x02\x00\x09")]
    assert [answer.reason for answer in wrong if isinstance(answer, BrokerAnswer)] == [
        "the user or the password is wrong",
        "reason 128",
    ]
