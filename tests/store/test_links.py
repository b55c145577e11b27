"""The connections between nodes, and a node's queue of writes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from energyguard.store.node.shard import Shard, ShardSettings
from energyguard.store.ring.effects import Save, Send
from energyguard.store.ring.messages import AskProgress, Message, RowsStored
from energyguard.store.ring.transport import Links, peer_address
from tests.network import SLOW_S, Fault, failing
from tests.store.shards import free_nodes


async def test_what_is_said_while_a_node_is_being_called_reaches_it() -> None:
    receive: list[Message] = []
    done = asyncio.Event()

    def hear(_sender: str, message: Message) -> None:
        receive.append(message)
        if len(receive) == 3:
            done.set()

    (node,) = free_nodes(1)
    there, here = Links(node, hear), Links("c-1", hear)
    try:
        await there.listen(*peer_address(node))
        said = [AskProgress(n, 1) for n in range(3)]
        for message in said:
            here.send(node, message)
        await asyncio.wait_for(done.wait(), 2)
        assert receive == said
    finally:
        await here.close()
        await there.close()


@pytest.mark.parametrize("fault", Fault)
async def test_what_meets_a_fault_is_lost_and_not_kept(fault: Fault) -> None:
    """And whatever the fault was: when the node is there again, it is found."""
    (node,) = free_nodes(1)
    host, port = peer_address(node)
    receive: list[Message] = []
    here, there = Links("c-1", lambda *_: None), Links(node, lambda _, said: receive.append(said))
    try:
        with failing(fault, port=port):
            here.send(node, AskProgress(1, 1))
            await asyncio.sleep(2 * SLOW_S)  # it was called, and met the fault
        await there.listen(host, port)
        await asyncio.sleep(SLOW_S)  # the connection that broke is noticed
        await here.ready([node], 3)
        here.send(node, AskProgress(2, 1))
        async with asyncio.timeout(2):
            while not receive:
                await asyncio.sleep(0.01)
        assert receive == [AskProgress(2, 1)]
    finally:
        await here.close()
        await there.close()


async def test_who_asks_twice_while_it_is_being_written_costs_one_write(tmp_path: Path) -> None:
    (node,) = free_nodes(1)
    shard = Shard(ShardSettings(node, tmp_path))
    save = Save((), then=Send("c-1", RowsStored(7)))
    other = Save((), then=Send("c-2", RowsStored(7)))
    shard._do([save, save, other, Save((), then=Send("c-1", RowsStored(8)))])
    assert shard._saves.qsize() == 3
    shard._saved([save], None)
    shard._do([save])
    assert shard._saves.qsize() == 4
    await shard.stop()
