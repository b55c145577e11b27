"""What every History promises, over ClickHouse's HTTP and the tables that its server makes itself.

The server's own statements make the raw tables; the roll-ups of the embedded history stand beside
them. Behind the HTTP is the engine that is in process; docs/deploy.md says what only a server adds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from energyguard.history import DATABASE, History
from energyguard.history.client import CARD, HistoryClient
from energyguard.history.door import HistoryServer
from tests.contract.test_history import HistoryContract, filled
from tests.deploy.clickhouse import STARTS, Server

KEY = bytes(32)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HistoryClient]:
    folder = tmp_path_factory.mktemp("server")
    with closing(Server(folder / "history", sorted(STARTS.iterdir()), KEY, DATABASE)):
        pass
    with closing(filled(folder / "history")) as engine:
        assert b"refused" in engine.run("SHOW TABLES", "TSV"), "the server made them"
        with (
            closing(HistoryServer(engine, "127.0.0.1", 0, folder / CARD)),
            closing(HistoryClient(folder)) as asks,
        ):
            yield asks


class TestServerHistory(HistoryContract):
    @pytest.fixture
    def history(self, client: HistoryClient) -> History:
        return client
