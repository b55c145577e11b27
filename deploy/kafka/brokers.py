"""A real Kafka on this machine without containers: for tests, benchmarks and trials.

``python -m deploy.kafka.brokers [NODES]`` (or ``make kafka``) starts one and says its address.
"""

from __future__ import annotations

import atexit
import base64
import json
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, ClusterMetadata

from deploy.jars import fetched, program

LOGGING: Final = Path(__file__).with_name("log4j2.properties")
PATIENCE_S: Final = 120.0
"""Generous: only so that a fault does not hang."""
DRAIN_S: Final = 10.0
LEAVING_TRIES, LEAVING_S = 40, 0.25  # how long the members of a group may take to be gone
"""A broker that waits for a lost quorum never ends by itself."""
PORTS: Final = range(20_000, 32_000)
"""Below those that the system gives to clients: a killed broker finds its port free again."""


class Cluster:
    """One broker or several, each also a controller, in a folder of their own.

    A context manager; the brokers surely end with the process that started them.

    Args:
        folder: takes the nodes' settings, logs and data; an earlier cluster's data goes on.
        nodes: how many brokers; with three, topics may have three copies and need two in sync.
        heap: of each Java process.
        jvm: more words for Java.
        properties: more properties for every broker; they win.
    """

    def __init__(
        self,
        folder: Path,
        nodes: int = 1,
        *,
        heap: str = "512m",
        jvm: tuple[str, ...] = ("-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20"),
        properties: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        words = [f"-Xms{heap}", f"-Xmx{heap}", "-Djava.awt.headless=true", *jvm]
        self._java = [program("java", "default-jre-headless"), *words]
        self._java += ["-cp", f"{fetched('kafka')}/*", f"-Dlog4j2.configurationFile={LOGGING}"]
        self._folder, self._properties = folder.resolve(), properties
        self._folder.mkdir(parents=True, exist_ok=True)
        card = self._folder / "cluster.json"
        if not card.exists():
            name = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
            ports = free_ports(2 * nodes)
            card.write_text(json.dumps({"name": name.replace("-", "A"), "ports": ports}))
        said = json.loads(card.read_text())
        self._name: str = said["name"]
        self._ports: list[int] = said["ports"][::2]
        self._controllers: list[int] = said["ports"][1::2]
        self._running: dict[int, _Node] = {}
        atexit.register(self.stop)
        try:
            self.start()
        except BaseException:
            self.kill()
            raise

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        atexit.unregister(self.stop)

    @property
    def nodes(self) -> range:
        """The numbers of the brokers: 1 and on."""
        return range(1, len(self._ports) + 1)

    @property
    def bootstrap(self) -> str:
        """What clients connect to: ``host:port``, with commas between."""
        return ",".join(map(self.address, self.nodes))

    def address(self, node: int) -> str:
        """Where one broker listens."""
        return f"127.0.0.1:{self._ports[node - 1]}"

    def start(self, *nodes: int) -> None:
        """Start the brokers that are down (all, or those named); wait until they answer."""
        down = [node for node in nodes or self.nodes if node not in self._running]
        for node in down:  # all before the first answers: they need each other
            self._running[node] = self._started(node)
        for node in down:
            _until(lambda node=node: self._answers(node))  # type: ignore[misc]

    def kill(self, *nodes: int) -> None:
        """End at once, as by kill -9: all, or those named."""
        self._end(signal.SIGKILL, nodes)

    def stop(self, *nodes: int) -> None:
        """Shut down as one should: all, or those named."""
        self._end(signal.SIGTERM, nodes)

    def clear(self) -> None:
        """Delete every topic, and every group as soon as it has no member; not for ever."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        topics = [one for one in admin.list_topics(timeout=20).topics if not one.startswith("__")]
        if topics:
            for deleted in admin.delete_topics(topics).values():
                with suppress(KafkaException):  # one that is being deleted already
                    deleted.result()
            _until(lambda: not {*topics} & {*admin.list_topics(timeout=20).topics})
        for _ in range(LEAVING_TRIES):
            groups = [one.group_id for one in admin.list_consumer_groups().result().valid]
            gone = admin.delete_consumer_groups(groups).values() if groups else ()
            if not [one for one in gone if one.exception() is not None]:
                return
            time.sleep(LEAVING_S)  # one that its members have not left yet

    def whole(self) -> None:
        """Wait until all brokers are there and each copy of each partition is in sync."""
        _until(lambda: self._running.keys() == {*self.nodes} and _in_sync(_look(self.bootstrap)))

    def _end(self, how: signal.Signals, nodes: tuple[int, ...]) -> None:
        ending = [self._running.pop(node) for node in nodes or self.nodes if node in self._running]
        for one in ending:
            one.broker.send_signal(how)
        for one in ending:
            one.wait()

    def _started(self, node: int) -> _Node:
        place = self._folder / f"node-{node}"
        settings = place / "server.properties"
        java = [*self._java, f"-Dkafka.log.file={place / 'server.log'}"]
        place.mkdir(exist_ok=True)
        settings.write_text("".join(f"{k}={v}\n" for k, v in self._settings(node).items()))
        said = place / "said.log"
        with said.open("ab") as out:
            if not (place / "data" / "meta.properties").exists():
                words = ["format", "--cluster-id", self._name, "--config", str(settings)]
                tool = [*java, "kafka.tools.StorageTool", *words]
                subprocess.run(tool, check=True, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
            return _Node([*java, "kafka.Kafka", str(settings)], said)

    def _answers(self, node: int) -> bool:
        self._running[node].check()
        metadata = _look(self.address(node))
        return metadata is not None and node in metadata.brokers

    def _settings(self, node: int) -> dict[str, str]:
        brokers = len(self.nodes)
        copies, in_sync = (3, 2) if brokers >= 3 else (1, 1)
        mine, controller = self.address(node), f"127.0.0.1:{self._controllers[node - 1]}"
        voters = zip(self.nodes, self._controllers, strict=True)
        settings: dict[str, object] = {
            "process.roles": "broker,controller",
            "node.id": node,
            "controller.quorum.voters": ",".join(f"{n}@127.0.0.1:{port}" for n, port in voters),
            "listeners": f"PLAINTEXT://{mine},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{mine}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "log.dirs": self._folder / f"node-{node}" / "data",
            "auto.create.topics.enable": "false",
            "unclean.leader.election.enable": "false",
            "default.replication.factor": copies,
            "min.insync.replicas": in_sync,
            "offsets.topic.replication.factor": copies,
            "offsets.topic.num.partitions": 8,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": in_sync,
            "transaction.state.log.num.partitions": 8,
            "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": in_sync,
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 1_000,
            "broker.session.timeout.ms": 6_000,  # a dead broker is noticed sooner than by default
        }
        return {key: str(value) for key, value in settings.items()} | dict(self._properties)


class _Node:
    """A broker's process, and a shell that ends it when the one who started it is gone."""

    def __init__(self, command: list[str], said: Path) -> None:
        self._said = said
        with said.open("ab") as out:
            self.broker = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )
        self._guard = subprocess.Popen(
            ["sh", "-c", f"read -r _; kill -9 {self.broker.pid}"],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def check(self) -> None:
        """Raise with what the broker said where it has ended by itself."""
        if self.broker.poll() is not None:
            raise RuntimeError(f"a broker ended: {self._said.read_text()[-2000:]}")

    def wait(self) -> None:
        """Until it has ended; one that does not drain is killed."""
        with suppress(subprocess.TimeoutExpired):
            self.broker.wait(DRAIN_S)
        self._guard.kill()  # first: the number may soon be another process's
        self._guard.communicate()
        self.broker.kill()
        self.broker.wait()


def _look(address: str) -> ClusterMetadata | None:
    """What brokers there say of their cluster, if they answer."""
    client = AdminClient({"bootstrap.servers": address, "log_level": 0})
    try:
        return client.list_topics(timeout=2.0)
    except KafkaException:
        return None


def _in_sync(metadata: ClusterMetadata | None) -> bool:
    if metadata is None:
        return False
    parts = [part for one in metadata.topics.values() for part in one.partitions.values()]
    return all({*part.isrs} == {*part.replicas} for part in parts)


def _until(there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not there():
        if time.monotonic() > deadline:
            raise TimeoutError("Kafka is not ready; the nodes' server.log says why")
        time.sleep(0.05)


def free_ports(many: int) -> list[int]:
    """Ports of loopback that nobody has now."""
    found: list[int] = []
    with ExitStack() as stack:  # held until all are found, so that none comes twice
        for port in random.sample(PORTS, len(PORTS)):
            if len(found) == many:
                break
            taken = stack.enter_context(socket.socket())
            with suppress(OSError):
                taken.bind(("127.0.0.1", port))
                found.append(port)
    return found


def main() -> None:
    """Run brokers, their data in a folder that goes with them, until Ctrl-C."""
    nodes = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder), nodes) as cluster:
        print(f"Kafka is ready: energyguard up --log kafka://{cluster.bootstrap}", flush=True)
        with suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()
