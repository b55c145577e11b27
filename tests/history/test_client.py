"""The history's client on a network that fails: soon, and in a sentence that says where."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from energyguard.errors import Overloaded, TimedOut, Unavailable
from energyguard.history.client import CARD, HistoryClient
from tests.network import SLOW_S, Fault, failing

TIMEOUT_S = 2 * SLOW_S
BUSY = b"HTTP/1.1 429 Too Many\r\nContent-Length: 9\r\n\r\nCode: 202"


def ask(folder: Path, port: int) -> None:
    card = {"host": "127.0.0.1", "port": port, "user": "default", "password": "secret"}
    (folder / CARD).parent.mkdir(exist_ok=True)
    (folder / CARD).write_text(json.dumps(card))
    client = HistoryClient(folder, TIMEOUT_S)
    try:
        client.query("devices", device="")
    finally:
        client.close()


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.SLOW])
def test_whoever_gets_no_answer_is_told_where(fault: Fault, tmp_path: Path) -> None:
    with failing(fault, BUSY) as port, pytest.raises(Unavailable, match=f"127.0.0.1:{port}"):
        ask(tmp_path, port)


def test_a_slow_answer_is_an_answer(tmp_path: Path) -> None:
    with failing(Fault.SLOW, BUSY) as port, pytest.raises(Overloaded, match="Code: 202"):
        ask(tmp_path, port)


def test_a_question_that_takes_too_long_is_said_to(tmp_path: Path) -> None:
    text = b"Code: 159. DB::Exception: it takes longer than 60 s\n"
    late = b"HTTP/1.1 504 Late\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text)
    with failing(Fault.SLOW, late) as port, pytest.raises(TimedOut) as raised:
        ask(tmp_path, port)
    assert str(raised.value) == "history: it takes longer than 60 s"
    assert raised.value.status == 504
