"""``shard``, ``coordinator``, ``measurements``, ``store``: the replicated store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from energyguard.cli.terminal.call import Call
from energyguard.clock import SYSTEM

if TYPE_CHECKING:
    from energyguard.compat.processes import Listener
    from energyguard.store.admin import ClusterStatus
    from energyguard.store.client import RingStore

T = TypeVar("T")

Auth = Annotated[
    bool, typer.Option("--auth/--no-auth", help="Bearer tokens; without them on loopback only.")
]
Host = Annotated[str, typer.Option(help="The address to listen on.")]
Secret = Annotated[
    str,
    typer.Option(
        envvar="ENERGYGUARD_STORE_SECRET",
        help="What all nodes and coordinators of a cluster share.",
        show_default=False,
    ),
]
Nodes = Annotated[
    str,
    typer.Option(
        envvar="BOOTSTRAP_NODES",
        help="The shards, or some of them: http://127.0.0.1:8101,http://127.0.0.1:8102,…",
    ),
]
Copies = Annotated[
    int | None,
    typer.Option(
        "--copies",
        envvar="REPLICATION_FACTOR",
        help="Of each key, when the cluster is formed.",
        show_default="3, or as many as there are nodes",
    ),
]
VirtualNodes = Annotated[
    int, typer.Option(envvar="VIRTUAL_NODES", help="Points of each node on the ring, then.", min=1)
]
Strategy = Annotated[
    str, typer.Option(help="consistent or full (every node has everything), then.")
]
Faults = Annotated[
    bool, typer.Option("--fault-injection", help="Let clients stop and start nodes: for tests.")
]


def shard(
    call: Call,
    port: Annotated[int, typer.Option(help="HTTP; other nodes call at this plus 10000.")] = 8101,
    host: Host = "127.0.0.1",
    max_cache_items: Annotated[
        int, typer.Option(envvar="MAX_CACHE_ITEMS", min=0, help="Answers kept in memory; 0: none.")
    ] = 20_000,
    address: Annotated[
        str,
        typer.Option(
            help="How others reach this node, and its name; it listens to other nodes there.",
            show_default="http://HOST:PORT",
        ),
    ] = "",
    fault_injection: Faults = False,
    auth: Auth = True,
    secret: Secret = "",
) -> None:
    """Be a node of the replicated store. It keeps its rows in the data folder."""
    from energyguard.compat.processes import run_shard

    door = _door(call, port, host, auth, secret)._replace(address=address)
    run_shard(door, _say, max_cache_items, fault_injection=fault_injection)


def coordinator(
    call: Call,
    nodes: Nodes = "",
    port: Annotated[int, typer.Option(help="HTTP.")] = 8000,
    host: Host = "127.0.0.1",
    copies: Copies = None,
    strategy: Strategy = "consistent",
    virtual_nodes: VirtualNodes = 150,
    broadcast_token: Annotated[
        str,
        typer.Option(
            envvar="INTERNAL_BROADCAST_TOKEN",
            help="What those show who broadcast anomalies; none: nobody may.",
            show_default=False,
        ),
    ] = "",
    auth: Auth = True,
    secret: Secret = "",
) -> None:
    """Serve keys on a cluster of shards: the building monitor's verbs, and batches.

    Any number may run; of shards in no cluster it forms one. Without nodes: on `store.url`.
    """
    from energyguard.compat.processes import ClusterLayout, run_coordinator
    from energyguard.service.alerts.alerting import alerting

    layout = ClusterLayout(_list(nodes), copies, strategy, virtual_nodes)
    door = _door(call, port, host, auth, secret)
    with alerting(call.settings) as alerts:
        run_coordinator(door, layout, alerts, _say, call.settings.store.url, broadcast_token)


def measurements(
    call: Call,
    nodes: Nodes = "",
    port: Annotated[int, typer.Option(help="HTTP.")] = 5000,
    host: Host = "127.0.0.1",
    copies: Copies = None,
    strategy: Strategy = "consistent",
    virtual_nodes: VirtualNodes = 150,
    fault_injection: Faults = False,
    auth: Auth = True,
    secret: Secret = "",
) -> None:
    """Serve the measurement store's verbs; without nodes on three shards of its own.

    `energyguard client` asks it.
    """
    from energyguard.compat.measurements.alert_bridge import raising_alerts
    from energyguard.compat.processes import ClusterLayout, run_measurements

    door = _door(call, port, host, auth, secret)
    layout = ClusterLayout(_list(nodes), copies, strategy, virtual_nodes)
    with raising_alerts(call.settings) as raise_alert:
        run_measurements(door, layout, raise_alert, _say, fault_injection=fault_injection)


def status(call: Call, nodes: Nodes, secret: Secret = "") -> None:
    """Show the nodes: what each has, what it lacks, what waits for it."""
    found = _on_cluster(nodes, secret, lambda ring: ring.status())
    _show(call, found)


def join(
    call: Call,
    node: Annotated[str, typer.Argument(help="The new node's address; it runs already.")],
    nodes: Nodes,
    instead_of: Annotated[
        str | None, typer.Option(help="A node whose place it takes, dead or alive.")
    ] = None,
    secret: Secret = "",
) -> None:
    """Let a node in, and wait until its slots are there."""
    _change(call, nodes, secret, lambda ring: ring.join(node, instead_of))


def leave(
    call: Call,
    node: Annotated[str, typer.Argument(help="The node's address; it may be dead.")],
    nodes: Nodes,
    secret: Secret = "",
) -> None:
    """Give a node up, and wait until others have its slots."""
    _change(call, nodes, secret, lambda ring: ring.leave(node))


def repair(
    call: Call,
    nodes: Nodes,
    wait: Annotated[float, typer.Option(help="Seconds to wait for it.")] = 600.0,
    secret: Secret = "",
) -> None:
    """Wait until all owners of every slot have the same rows, and no hint waits; show progress.

    Repair goes on by itself, for ever: this only watches it.
    """
    import asyncio

    from energyguard.errors import Unavailable

    async def work(ring: RingStore) -> ClusterStatus:
        deadline = SYSTEM.monotonic() + wait
        while not (found := await ring.status()).is_whole:
            if SYSTEM.monotonic() > deadline:
                raise Unavailable(_alike(found))
            _say(_alike(found))
            await asyncio.sleep(1)
        return found

    _show(call, _on_cluster(nodes, secret, work))


def verify(call: Call, nodes: Nodes, secret: Secret = "") -> None:
    """Compare what the owners of every slot have; exit 8 where they differ."""
    from energyguard.errors import Unavailable

    found = _on_cluster(nodes, secret, lambda ring: ring.status())
    _show(call, found)
    if found.slots_alike < found.slots:
        raise Unavailable(_alike(found))


def import_(
    call: Call,
    file: Annotated[Path, typer.Argument(help='Lines of {"key": …, "value": …}.')],
    nodes: Nodes,
    secret: Secret = "",
) -> None:
    """Put the keys of a file into the store; bad lines are told and cost nothing else."""
    from energyguard.errors import Rejected
    from energyguard.store.lines import import_lines

    taken, faults = _on_cluster(nodes, secret, lambda ring: import_lines(ring, file))
    call.out.done(f"{taken} keys are in the store", keys=taken, faults=list(faults))
    if faults:
        raise Rejected("\n".join(faults))


def _door(call: Call, port: int, host: str, auth: bool, secret: str) -> Listener:
    from energyguard.compat.processes import Listener

    return Listener(port, call.settings.data_dir, host, auth, secret)


def _list(nodes: str) -> list[str]:
    return [node.strip() for node in nodes.split(",") if node.strip()]


def _say(text: str) -> None:
    print(text, flush=True)


def _on_cluster(nodes: str, secret: str, work: Callable[[RingStore], Awaitable[T]]) -> T:
    """Do something with a cluster that there is."""
    import asyncio

    from energyguard.store.client import RingStore

    async def main() -> T:
        ring = RingStore(_list(nodes), secret)
        try:
            await ring.open(form=False)
            return await work(ring)
        finally:
            await ring.close()

    return asyncio.run(main())


def _change(
    call: Call, nodes: str, secret: str, change: Callable[[RingStore], Awaitable[object]]
) -> None:
    """Change a cluster, and wait until its slots are where they belong."""
    import asyncio

    async def work(ring: RingStore) -> ClusterStatus:
        await change(ring)
        while (found := await ring.status()).moving:
            _say(f"{sum(node.to_fetch for node in found.nodes)} slots on their way")
            await asyncio.sleep(1)
        return found

    _show(call, _on_cluster(nodes, secret, work))


def _alike(found: ClusterStatus) -> str:
    alike = f"{found.slots_alike} of {found.slots} slots are alike on all of their owners"
    alike += f"; {found.hints} hints wait" if found.hints else ""
    return alike + (f"; stand-ins hold {n} rows for others" if (n := found.for_others) else "")


def _show(call: Call, found: ClusterStatus) -> None:
    import msgspec

    if call.json:
        call.out.record(msgspec.to_builtins(found))
        return
    rows: list[dict[str, Any]] = [
        {
            "node": node.node,
            "state": "up" if node.up else "silent",
            "share": f"{node.share:.1%}",
            "slots": node.slots,
            "rows": node.rows,
            "lacking": node.lacking,
            "to fetch": node.to_fetch,
            "hints": node.hints,
            "for others": node.for_others,
        }
        for node in found.nodes
    ]
    call.out.rows(rows)
    state = "slots are moving" if found.moving else "settled"
    _say(f"epoch {found.epoch}, {state}; {found.strategy}, {found.copies} copies; {_alike(found)}")
