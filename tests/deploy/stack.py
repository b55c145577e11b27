"""The services of a compose file as processes of this machine: what each has to do is read there.

Names of containers become loopback and free ports, mount points become folders; commands, settings
and health checks stay what they are. The broker is set up by the program of Kafka's own image.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from deploy.jars import fetched
from deploy.kafka.brokers import LOGGING
from tests.waiting import until

DRAIN_S: Final = 20.0
MOUNTED: Final = ("scrape", "jobs", "state")
PROGRAMS: Final = Path(sys.executable).parent


class Stack:
    """A broker, and processes of ours.

    Args:
        services: as Compose reads them.
        folder: takes what the volumes would.
        ports: three for the broker (inside, controller, host), then one for each service's figures.
        shards: one for each node of the store, at which no other node listens either.
    """

    def __init__(
        self,
        services: Mapping[str, Any],
        folder: Path,
        ports: Sequence[int],
        shards: Mapping[str, int] | None = None,
    ) -> None:
        self._services, self.folder = services, folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        for name in MOUNTED:
            (folder / name).mkdir()
        inside, controller, host = ports[:3]
        self._figures = dict(zip(services, ports[3:], strict=False))
        self.inside, self.host = f"127.0.0.1:{inside}", f"127.0.0.1:{host}"
        self._shards = shards or {}
        self._names = {
            **{f"{name}:8101": f"127.0.0.1:{port}" for name, port in self._shards.items()},
            "kafka:9092": self.inside,
            "kafka:9093": f"127.0.0.1:{controller}",
            "://:9092": f"://{self.inside}",
            "://:9093": f"://127.0.0.1:{controller}",
            "://:9094": f"://{self.host}",
            "/var/lib/kafka/data": str(folder / "kafka"),
            **{f"/{name}": str(folder / name) for name in MOUNTED},
        }

    def here(self, service: str, text: str) -> str:
        """A word of a service as it is on this machine."""
        figures = f":{self._figures[service]}"
        own = {"0.0.0.0:9400": "127.0.0.1:9400"}
        if service in self._shards:
            own |= {"8101": str(self._shards[service]), "0.0.0.0": "127.0.0.1"}
        if service == "coordinator":
            own |= {"8000": self.port(service), "0.0.0.0": "127.0.0.1"}
        for name, place in {**self._names, **own}.items():
            text = text.replace(name, place)
        return text.replace(":9400", figures)

    def port(self, service: str) -> str:
        """Where a service is published."""
        (port,) = self._services[service]["ports"]
        return str(port["published"])

    def environ(self, service: str) -> dict[str, str]:
        """The variables of a service, and nothing of ours but where programs are."""
        one = self._services[service]
        words = {name: self.here(service, word) for name, word in one["environment"].items()}
        kept = {mount["target"]: mount["source"] for mount in one.get("volumes", ())}
        data = self.folder / Path(kept.get("/data", f"{service}-data")).name
        ours = {"ENERGYGUARD_DATA_DIR": str(data)}
        if "ENERGYGUARD_HISTORY_HOST" in words:
            ours |= {"ENERGYGUARD_HISTORY_HOST": "127.0.0.1", "ENERGYGUARD_HISTORY_PORT": "0"}
        return {"PATH": f"{PROGRAMS}:{os.environ['PATH']}", "HOME": "/nonexistent", **words, **ours}

    def words(self, service: str) -> list[str]:
        """The command of a service."""
        return [self.here(service, word) for word in self._services[service]["command"]]

    @property
    def page(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.port('serve')}/"

    @property
    def token(self) -> Path:
        """Where Prometheus would find its token."""
        return self.folder / "scrape" / "token"

    def figures(self, service: str) -> str:
        """Where a process tells its own figures."""
        return f"http://127.0.0.1:{self._figures[service]}/"

    def start_broker(self) -> None:
        """Set the broker up from its variables, start it, and wait until it answers."""
        java = ["java", "-Xmx320m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        java += ["-cp", f"{fetched('kafka')}/*"]
        setup = self.folder / "setup"
        words = []
        for name in ("default", "mounted", "final"):
            (setup / name).mkdir(parents=True)
            words += [f"--{name}-configs-dir", str(setup / name)]
        for name in ("server.properties", "log4j2.yaml", "tools-log4j2.yaml"):
            (setup / "default" / name).touch()
        tool = [*java, "kafka.docker.KafkaDockerWrapper", "setup", *words]
        done = subprocess.run(tool, env=self.environ("kafka"), capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        settings = str(setup / "final" / "server.properties")
        logs = f"-Dkafka.log.file={self.folder / 'server.log'}"
        logging = f"-Dlog4j2.configurationFile={LOGGING}"
        self._start("kafka", [*java, logs, logging, "kafka.Kafka", settings])
        until(lambda: self._answers(self.inside), "the broker")

    def start(self, service: str) -> None:
        """Start a service of ours."""
        words = self.words(service)
        self._start(service, ["energyguard", *words], self.environ(service))

    def _start(
        self, name: str, command: Sequence[str], environ: Mapping[str, str] | None = None
    ) -> None:
        with (self.folder / f"{name}.log").open("ab") as said:
            self._running[name] = subprocess.Popen(
                command, env=environ, cwd=self.folder, stdout=said, stderr=said
            )

    def run(self, service: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a program beside a service, as `docker compose exec` would."""
        return subprocess.run(
            words, env=self.environ(service), cwd=self.folder, capture_output=True, text=True
        )

    def said(self, name: str) -> str:
        """What a process has said."""
        return (self.folder / f"{name}.log").read_text()

    def check(self) -> None:
        """Fail with what it said where a process has ended."""
        for name, process in self._running.items():
            assert process.poll() is None, f"{name}: {self.said(name)[-2000:]}"

    def stop(self) -> dict[str, int]:
        """End all, the broker last; how each of ours ended."""
        ours = {name: one for name, one in self._running.items() if name != "kafka"}
        for one in ours.values():
            one.terminate()
        try:
            return {name: one.wait(DRAIN_S) for name, one in ours.items()}
        finally:
            for one in self._running.values():
                one.kill()
                one.wait()

    @staticmethod
    def _answers(address: str) -> bool:
        try:
            client = AdminClient({"bootstrap.servers": address, "log_level": 0})
            return bool(client.list_topics(timeout=2.0).brokers)
        except KafkaException:
            return False

    def answers_the_host(self) -> bool:
        """Whether a program of the machine itself finds the broker at its published port."""
        client = AdminClient({"bootstrap.servers": self.host, "log_level": 0})
        (broker,) = client.list_topics(timeout=10.0).brokers.values()
        return f"{broker.host}:{broker.port}" == self.host
