"""Run by the tests as a process of its own: appends for ever, and says what was acknowledged."""

from __future__ import annotations

import sys

from energyguard.log import Records
from energyguard.log.sqlite.log import SqliteLog

TOPIC = "energy_readings"


def append_for_ever(path: str, name: str) -> None:
    """Eight records an append, one per partition: ``name/append`` and a long tail."""
    log = SqliteLog(path)
    number = 0
    while True:
        value = f"{name}/{number}/".encode() + b"x" * 700
        log.append(TOPIC, Records([None] * 8, [value] * 8, partitions=range(8)))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        number += 1


def append_some(path: str, name: str, appends: int) -> None:
    """A known number of appends of two records to one partition."""
    log = SqliteLog(path)
    for number in range(appends):
        value = f"{name}/{number}".encode()
        log.append(TOPIC, Records([None] * 2, [value] * 2, partitions=[0, 0]))
    log.close()


if __name__ == "__main__":
    append_for_ever(*sys.argv[1:])
