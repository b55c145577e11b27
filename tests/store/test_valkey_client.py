"""A store on Valkey whose network fails: whoever asks is told within its patience."""

from __future__ import annotations

import asyncio

import pytest

from energyguard.errors import Unavailable
from energyguard.store.keys import Key
from tests.network import SLOW_S, Fault, failing

store = pytest.importorskip("energyguard.store.valkey.store", reason="no extra `valkey`")
PATIENCE_S = 2 * SLOW_S


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.SLOW])
async def test_a_server_that_cannot_answer_is_named(
    fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("energyguard.store.valkey.client.ANSWER_S", PATIENCE_S)
    with failing(fault, b"+PONG\r\n+PONG\r\n") as port:
        made = store.ValkeyStore(f"127.0.0.1:{port}", patience_s=PATIENCE_S)
        async with asyncio.timeout(10):
            with pytest.raises(Unavailable, match=f"127.0.0.1:{port}"):
                await made.change(Key("H1", 0), b"1")
            await made.close()
