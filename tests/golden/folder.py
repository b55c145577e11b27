"""A data folder as this version leaves it in the middle of things, and what comes next in it.

An alert is firing and acknowledged, cars stand and are charged, messages without a key wait to be
read, snapshots lie in ``energyguard.state``, people in ``people.db``, a token in ``tokens.json``.
"""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import tarfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from tests.golden import inputs, product, store
from tests.golden.logfile import Message, Stored, Watch, records
from tests.golden.scenarios import COMPACTED, RULES, appended, before
from tests.waiting import until

MIDDLE_S: Final = inputs.START_S + 20 * 60  # H001's episode is open
TOKEN: Final = "eg_AF7VMRH48ZZ16jngZEo0PXn1pFWXtal4S5t3BS-hc2g"
TOKEN_HASH: Final = "71b8fc033cd8df528c95bd84ff8a284746b21880284fcc8a49b37e20640c44e0"
SETTINGS: Final = (
    f"rules.files={RULES}",
    "rules.use=household-demo,household-prod,floor-power,too-warm",
)
WORKER: Final = (
    "energy_readings",
    "energyguard.readings",
    "topic-test",
    "energyguard.repartitioned.energy_readings",
    "energyguard.repartitioned.topic-test",
)
SIGNALS: Final = "charger-station-signals"


def _energy(before: bool) -> list[Message]:
    rows = [row for row in inputs.clean() if row[1] in ("H001", "H002", "Q001", "X001")]
    return inputs.csv(row for row in rows if (row[0] < MIDDLE_S) == before)


def _waiting() -> list[Message]:
    """Messages without a key that nobody has read."""
    rows = [row for row in inputs.clean() if row[1] in ("H001", "H003")]
    return inputs.keyless((second, f"K{home}", micro) for second, home, micro in rows)


def _half(messages: Sequence[Message], first: bool) -> Sequence[Message]:
    middle = len(messages) // 2
    return messages[:middle] if first else messages[middle:]


def _append(folder: Path, *, before: bool) -> None:
    lines = store.kept("inputs/signals.jsonl")
    appended(folder, "energy_readings", _energy(before))
    appended(folder, "energyguard.readings", _half(inputs.floors(), before))
    appended(folder, "topic-test", _half(inputs.degrees(), before))
    appended(folder, SIGNALS, _half(inputs.signals(lines), before))


def make(folder: Path) -> None:
    """A data folder in the middle of things."""
    product.new_folder(folder)
    tokens = [{"name": "laptop", "hash": TOKEN_HASH, "created_ms": product.NOW_MS}]
    text = json.dumps({"tokens": tokens, "links": [], "sessions": []})
    (folder / "tokens.json").write_text(text)
    _append(folder, before=True)
    appended(folder, "energy_readings", inputs.bad())
    product.play("worker", folder, WORKER, *SETTINGS)
    product.play("sessions", folder, (SIGNALS,))
    _acknowledge(folder)
    _meet_people(folder)
    appended(folder, "energy_readings", _waiting())


def _acknowledge(folder: Path) -> None:
    with product.served(folder, *SETTINGS) as client:
        alerts = client.get("/api/v1/alerts", params={"state": "firing"}).json()
        demo, prod = sorted(
            (one for one in alerts if one["device"] == "H001"), key=lambda one: str(one["rule"])
        )
        path = "/api/v1/alerts"
        said = client.post(f"{path}/{demo['id']}/acknowledge", json={"note": "the oven"})
        assert said.status_code == 200, said.text
        said = client.post(f"{path}/{prod['id']}/silence", json={"for": "2h"})
        assert said.status_code == 200, said.text
        said = client.patch("/api/v1/rules/too-warm", json={"raise_above": "27.5"})
        assert said.status_code == 200, said.text


def _meet_people(folder: Path) -> None:
    """People as the history meets them; itself, large, it does not stay."""
    copy = folder.with_name(f"{folder.name}-copy")
    shutil.copytree(folder, copy)
    read_by_history(copy)
    for name in ("people.key", "people.db"):
        shutil.copy(copy / name, folder / name)
    shutil.rmtree(copy)


def read_by_history(folder: Path, *settings: str) -> None:
    """Let the history keep all that there is."""
    with closing(Watch(folder / "log.db")) as log, product.role("history", folder, *settings):
        until(lambda: is_read_by_history(log))


def is_read_by_history(log: Watch) -> bool:
    """Whether its group has committed all that there is."""
    at = log.positions("history")
    return bool(at) and all(at.get(place, end) >= end for place, end in log.ends().items())


def go_on(folder: Path) -> bytes:
    """The rest of the inputs; give what is in the log then, and who was met."""
    _append(folder, before=False)
    product.play("worker", folder, WORKER, *SETTINGS)
    product.play("sessions", folder, (SIGNALS,))
    read_by_history(folder)
    said = contents(folder)
    return said + store.text_of(_alerts(folder))


def _alerts(folder: Path) -> list[str]:
    """The alerts with what people did before, for who has the folder's token."""
    path, most = "/api/v1/alerts", {"limit": "1000"}
    with product.served(folder, *SETTINGS, "serve.auth=true") as client:
        refused = client.get(path)
        said = client.get(path, params=most, headers={"authorization": f"Bearer {TOKEN}"})
    found = sorted(said.json(), key=lambda one: str(one["id"]))
    return [f"{refused.status_code} {said.status_code}", *map(store.line, found)]


def by_key(found: Sequence[Stored]) -> list[Stored]:
    """The records of each key in their order; among topics that are read at once it is chance.

    Of topics of which only the newest of a key counts, those.
    """
    newest = {(one.topic, one.key): one for one in found if one.topic in COMPACTED}
    kept = [one for one in found if newest.get((one.topic, one.key), one) is one]
    kept.sort(key=lambda one: (one.topic, one.partition, one.key or b"", one.offset))
    return [one._replace(offset=0) for one in kept]


def people(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "people.db")) as file:
        return store.line(sorted(file.execute("SELECT pseudonym, name FROM person")))


def packed(folder: Path) -> bytes:
    """The folder as an archive; what only running processes need is left out."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "run" not in path.parts and "history" not in path.parts:
                info = archive.gettarinfo(path, str(path.relative_to(folder)))
                info.mtime, info.uid, info.gid, info.uname, info.gname = 0, 0, 0, "", ""
                with path.open("rb") as data:
                    archive.addfile(info, data)
    return out.getvalue()


def unpacked(folder: Path) -> Path:
    """The kept folder, to work in."""
    with tarfile.open(fileobj=io.BytesIO(store.kept("folder/data.tar"))) as archive:
        archive.extractall(folder, filter="data")
    return folder


def contents(folder: Path) -> bytes:
    """What a folder says, without what differs from run to run: leases, pages of files."""
    return store.text_of(
        [*map(store.record_line, by_key(before(records(folder / "log.db")))), people(folder)]
    )
