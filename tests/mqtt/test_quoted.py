"""Messages as makers' documents quote them, and as devices sent them, each with its source."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from energyguard.mqtt.dialect import MqttMessage
from tests.mqtt.taken import Row, reasons, rows, taker


class Quoted(NamedTuple):
    """Messages of ``quoted.txt``, and the readings that they become.

    Attributes:
        source: who writes so.
        sent: the messages, with their arrival.
        wanted: the readings, their times in ms after that.
    """

    source: str
    sent: list[MqttMessage]
    wanted: list[Row]


def quoted() -> list[Quoted]:
    """Each has its source; when it came, and whether it was retained; its messages, a topic and a
    payload a line; its readings, whose times are in s after the arrival where they are not that."""
    found = []
    for block in Path(__file__).with_name("quoted.txt").read_text().split("=== ")[1:]:
        head, sent, wanted = block.split("\n---\n")
        source, came = head.split("\n")
        moment, _, retained = came.partition(" ")
        at_ms = int(datetime.fromisoformat(moment).timestamp() * 1000)
        messages = (line.partition(" ") for line in sent.split("\n"))
        readings = (f"{line} 0".split(" ") for line in wanted.split("\n") if line)
        found.append(
            Quoted(
                source,
                [MqttMessage(t, body.encode(), at_ms, bool(retained)) for t, _, body in messages],
                [(row[0], row[1], row[2], int(float(row[3]) * 1000)) for row in readings],
            )
        )
    return found


@pytest.mark.parametrize("quoted", quoted(), ids=lambda quoted: quoted.source)
def test_what_is_quoted_becomes_the_readings_that_its_maker_means(quoted: Quoted) -> None:
    one = taker()
    for message in quoted.sent:
        one.learn(message)
    found = one.decode(quoted.sent)
    assert reasons(found) == []
    assert rows(found, quoted.sent[0].arrived_ms) == quoted.wanted
