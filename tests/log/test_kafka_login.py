"""A broker that wants a log-in: the right password works, a wrong one is called that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from energyguard.errors import Unauthorized
from energyguard.log import LATEST, Records, open_log
from energyguard.model.topics import DEAD_LETTERS

LOGIN = {
    "security.protocol": "SASL_PLAINTEXT",
    "sasl.mechanism": "PLAIN",
    "sasl.username": "eg",
    "sasl.password": "secret",
}
MODULE = "org.apache.kafka.common.security.plain.PlainLoginModule"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a broker's listener that wants a name and a password."""
    pytest.importorskip("confluent_kafka", reason="the extra `kafka` is not installed")
    from deploy.jars import Missing
    from deploy.kafka.brokers import Cluster, free_ports

    folder = tmp_path_factory.mktemp("guarded")
    open_, controller, guarded = free_ports(3)
    card = {"name": "ZW5lcmd5Z3VhcmQta2Fma2", "ports": [open_, controller]}
    (folder / "cluster.json").write_text(json.dumps(card))
    ours = f"PLAINTEXT://127.0.0.1:{open_},LOGIN://127.0.0.1:{guarded}"
    properties = {
        "listeners": f"{ours},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": ours,
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,LOGIN:SASL_PLAINTEXT,"
        "CONTROLLER:PLAINTEXT",
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.login.plain.sasl.jaas.config": f'{MODULE} required user_eg="secret";',
    }
    try:
        cluster = Cluster(folder, properties=properties)
    except Missing as missing:
        pytest.skip(f"no Kafka: {missing}")
    with cluster:
        yield f"kafka://127.0.0.1:{guarded}"


@pytest.mark.slow  # a client gives up after 20 s
def test_log_in(guarded: str, tmp_path: Path) -> None:
    log = open_log(guarded, options=LOGIN)
    log.append(DEAD_LETTERS.name, Records([None], [b"x"]))
    assert sum(log.positions(DEAD_LETTERS.name, LATEST).values()) == 1
    log.close()
    stranger = open_log(guarded, options=LOGIN | {"sasl.password": "guess"})
    with pytest.raises(Unauthorized, match=r"log\.kafka"):
        stranger.positions(DEAD_LETTERS.name, LATEST)
    stranger.close()
