"""Shares of partitions: what one member releases and takes."""

from __future__ import annotations

from energyguard.log.balance import change_for
from energyguard.log.records import TopicPartition

ONE = TopicPartition("energyguard.dead-letters", 0)
MEMBERS = {1: (ONE.topic,), 2: (ONE.topic,), 3: (ONE.topic,)}


def test_topics_that_nobody_reads_do_not_change_who_has_what() -> None:
    others = [TopicPartition(topic, n) for topic in ("a", "b") for n in range(8)]
    for me in MEMBERS:
        alone = change_for(me, MEMBERS, [ONE], {})
        assert alone == change_for(me, MEMBERS, [*others, ONE], {})


def test_a_topic_that_is_read_no_longer_is_released() -> None:
    gone = TopicPartition("a", 0)
    release, take = change_for(1, MEMBERS, [ONE], {gone: 1, ONE: 2})
    assert set(release) == {gone}
    assert not take


def test_one_partition_has_one_taker() -> None:
    takers = [me for me in MEMBERS if change_for(me, MEMBERS, [ONE], {}).take]
    assert len(takers) == 1


def test_who_has_more_than_its_share_releases_the_rest_and_no_more() -> None:
    places = [TopicPartition("a", n) for n in range(8)]
    members = {1: ("a",), 2: ("a",)}
    change = change_for(1, members, places, dict.fromkeys(places, 1))
    assert change.release == {*places[4:]}
    assert not change.take
    settled = dict.fromkeys(places[:4], 1) | dict.fromkeys(places[4:], 2)
    for me in members:
        change = change_for(me, members, places, settled)
        assert not change.release
        assert not change.take
