"""What ``up --scenario regions`` needs: an edge and a cloud on this machine, that know each other.

What somebody has set stays: an edge whose cloud is elsewhere is left alone, and so is a cloud that
edges elsewhere know. Its homes are nobody's, or published ones, so each is shown by itself.
"""

from __future__ import annotations

import socket
from contextlib import closing

from energyguard.cli.run.doctor import cannot_listen
from energyguard.edge.link.enrolment import Enrolment
from energyguard.edge.link.identity import Authority, address_for, joined, write_bundle
from energyguard.errors import ConfigError, Malformed
from energyguard.log import open_log
from energyguard.settings.tree import Settings

EDGE = "here"
"""What the edge is called."""
_LOOPBACK = "127.0.0.1"
_SYSTEM_E_PORT = 5006


def prepare(settings: Settings) -> dict[str, object]:
    """Let the edge of this machine in at its cloud, once, and say where that is.

    Returns:
        What nobody has set: ``cloud.listen`` and ``edge.cloud``, ``regions.min_homes``, and
        ``regions.listen`` where system E's port is free.

    Raises:
        Unavailable: the log does not answer.
        Corrupt: the cloud's authority is damaged.
    """
    more: dict[str, object] = {"regions.min_homes": 1}
    if not settings.regions.listen and not cannot_listen(_LOOPBACK, _SYSTEM_E_PORT):
        more["regions.listen"] = f"{_LOOPBACK}:{_SYSTEM_E_PORT}"
    if settings.edge.cloud:
        return more
    listen = settings.cloud.listen or f"{_LOOPBACK}:{_free_port()}"
    port = listen.rpartition(":")[2]
    address = address_for(f"{_LOOPBACK}:{port}", None)
    _let_in(settings, address)
    return {**more, "cloud.listen": listen, "edge.cloud": address}


def _let_in(settings: Settings, address: str) -> None:
    """Enrol the edge, where the cloud does not know its certificate; a forgotten one stays so."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with closing(open_log(settings.log_url, options=settings.log.kafka)) as log:
        enrolment = Enrolment(log)
        try:
            bundle = joined(settings.edge_dir)
        except (ConfigError, Malformed):
            bundle = None
        known = {entry.identity for entry in enrolment.entries().values()}
        if bundle is not None and bundle.common_name in known:
            return
        name = EDGE if bundle is None else bundle.edge
        bundle = Authority(settings.data_dir).enroll(name, address)
        write_bundle(settings.edge_dir / "link.json", bundle)
        enrolment.admit(name, bundle.common_name, "up --scenario regions")


def _free_port() -> int:
    with socket.create_server((_LOOPBACK, 0)) as probe:
        return int(probe.getsockname()[1])
