"""The ClickHouse server's schema in the engine that is in process: a database of its own.

There is no engine `Kafka` in it: the queue is a table that keeps nothing, with the columns that
Kafka gives.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import chdb
import msgspec

from energyguard.log import EARLIEST, Log
from tests.deploy.conftest import ROOT

FOLDER = ROOT / "deploy" / "clickhouse"
STARTS = FOLDER / "docker-entrypoint-initdb.d"
CHARGING = ROOT / "energyguard" / "domains" / "charging"
FROM_KAFKA = "_topic LowCardinality(String), _partition UInt64, _offset UInt64"
HEADERS = "`_headers.name` Array(String), `_headers.value` Array(String)"
DATABASE = "server"


def statements(file: Path) -> list[str]:
    """The statements of a file, without comments."""
    bare = "\n".join(line.split("--")[0].rstrip() for line in file.read_text().splitlines())
    return [one.strip() for one in bare.split(";") if one.strip()]


def in_process(statement: str) -> str:
    """A statement as the engine in process can run it: another engine for the queue, no more."""
    return re.sub(
        r"\(message String\) ENGINE = Kafka\(brokers\).*",
        f"(message String, {FROM_KAFKA}, {HEADERS}) ENGINE = Null",
        statement,
        flags=re.DOTALL,
    )


def asked_by(script: Path) -> str:
    """The statement that a script hands to the client."""
    (sql,) = re.findall(r'--query "(.*)"', script.read_text(), re.DOTALL)
    return str(sql)


class Server:
    """The database, and what is asked of it."""

    def __init__(
        self, folder: Path, files: Sequence[Path], key: bytes, database: str = DATABASE
    ) -> None:
        """Run the files' statements in order; the folder may be open in this process already."""
        self._connection = chdb.connect(str(folder))
        self.run(f"CREATE DATABASE IF NOT EXISTS {database}")
        self.run(f"USE {database}")
        for file in files:
            if file.suffix == ".sh":
                if "RAW_MESSAGES" not in file.read_text():  # a setting that nobody has made
                    self.run(asked_by(file), key=key.hex())
            else:
                for statement in statements(file):
                    self.run(in_process(statement))

    def run(self, sql: str, **parameters: object) -> list[dict[str, Any]]:
        """Rows of an answer; texts for what JSON has no type for."""
        given = {name: str(value) for name, value in parameters.items()}
        answer = self._connection.query(sql, "JSONEachRow", params=given)
        text = bytes(answer.bytes()) if answer is not None else b""
        return [msgspec.json.decode(line) for line in text.splitlines()]

    def take(self, log: Log, topics: Sequence[str]) -> None:
        """Hand over what the log has, as Kafka's engine would."""
        for topic in topics:
            for at, first in log.positions(topic, EARLIEST).items():
                for fetched in log.read({at: first}, 100_000, 0.0):
                    self.hand_over(
                        {
                            "message": (value or b"").decode(),
                            "_topic": fetched.topic,
                            "_partition": fetched.partition,
                            "_offset": offset,
                            "_headers.name": [name for name, _ in headers],
                            "_headers.value": [word.decode() for _, word in headers],
                        }
                        for value, offset, headers in zip(
                            fetched.values, fetched.offsets, fetched.headers, strict=True
                        )
                    )

    def hand_over(self, messages: Any) -> None:
        """Insert messages into the queue: rows with Kafka's columns."""
        lines = b"\n".join(msgspec.json.encode(one) for one in messages).decode()
        self.run(f"INSERT INTO queue FORMAT JSONEachRow {lines}")

    def close(self) -> None:
        """Let go of the folder."""
        self._connection.close()


def message(text: str, topic: str, offset: int, **headers: str) -> Mapping[str, object]:
    """A message as a row of the queue."""
    return {
        "message": text, "_topic": topic, "_partition": 0, "_offset": offset,
        "_headers.name": list(headers), "_headers.value": list(headers.values()),
    }  # fmt: skip
