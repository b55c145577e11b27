"""What users type, ask and configure: helps, answers, documents, names."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx

from tests.forking import Forked
from tests.golden import folder as data_folder
from tests.golden import inputs, product, store
from tests.golden.logfile import Watch
from tests.store.shards import free_nodes
from tests.waiting import PATIENCE_S, until

FOLDER: Final = "data"
RANGE: Final = {"start": "2025-09-07T09:00:00Z", "end": "2025-09-07T12:00:00Z"}
PLAIN_BUILDING: Final = ("simulate", "building", "--shape", "plain")
OFFLINE: Final[Sequence[Sequence[str]]] = (
    ("version",),
    ("version", "--json"),
    ("config", "show", "--json"),
    ("config", "show", "--origin", "--set", "serve.port=1"),
    ("config", "show", "--set", "serve.prt=1"),
    ("frobnicate",),
    ("readings",),
    ("token",),
    ("token", "list"),
    ("token", "revoke", "nobody"),
    ("status",),
    ("stop",),
    ("role", "cook"),
    ("log", "topics"),
    ("log", "topics", "--json"),
    ("log", "lag", "--json"),
    ("log", "lag", "--all", "--json"),
    ("log", "tail", "energyguard.alerts", "-n", "3", "--json"),
    ("log", "tail", "energy_readings", "-n", "5"),
    ("log", "tail", "nothing"),
    ("dlq", "list"),
    ("dlq", "list", "--json"),
    ("dlq", "show", "3"),
    ("dlq", "show", "999"),
    ("rules", "list"),
    ("rules", "list", "--json"),
    ("rules", "show", "household-prod"),
    ("rules", "show", "nothing"),
    ("check", "rules", "none.toml"),
    ("alerts", "list"),
    ("alerts", "list", "--json"),
    ("alerts", "show", "nothing"),
    ("top",),
    ("top", "--by", "colour"),
    ("evaluate", "homes.csv", "--rule", "household-demo"),
    ("evaluate", "homes.csv", "--rule", "household-prod", "--episodes"),
    ("evaluate", "homes.csv", "--rule", "nothing"),
    ("evaluate", "signals.jsonl", "--rule", "charging"),
    ("evaluate", "signals.jsonl", "--rule", "charging", "--output", "violations"),
    ("evaluate", "signals.jsonl", "--rule", "charging", "--output", "total-occupied"),
    ("evaluate", "signals.jsonl", "--rule", "charging", "--output", "transaction-profit"),
    (*PLAIN_BUILDING, "--ticks", "3", "--start", "2025-09-07T10:00:00Z", "-o", "-"),
    ("simulate", "thermometer", "--seconds", "5", "--start", "2025-09-07T10:00:00Z", "-o", "-"),
    ("job", "explain", "household-prod"),
)
ONLINE: Final[Sequence[Sequence[str]]] = (
    ("readings", "H001", "--limit", "5"),
    ("readings", "H001", "--limit", "5", "--json"),
    ("windows", "H001", "--json"),
    ("top", "--json"),
    ("trend", "thermometer", "--json"),
    ("alerts", "list", "--json"),
    ("stations", "occupancy", "--json"),
    ("stations", "violations", "--json"),
    ("stations", "top", "--json"),
    ("quality", "ahead", "--json"),
)
ONE_DEVICE: Final = frozenset({"/readings/newest"})
"""Newest first as they were read; among topics that is chance when the server starts."""
SKIPPED: Final = frozenset({"/live"})  # a stream without an end


def helps(cwd: Path) -> bytes:
    """The help of every command, found from the helps themselves."""
    found: list[dict[str, Any]] = []
    wanted: list[list[str]] = [[]]
    while wanted:
        said = product.commands([[*words, "--help"] for words in wanted], cwd)
        found += said
        wanted = [
            [*words, verb]
            for words, one in zip(wanted, said, strict=True)
            for verb in verbs(one["out"])
        ]
    found.sort(key=lambda one: list(one["words"]))
    return store.text_of(line for one in found for line in ["", *one["out"], *one["err"]])


def verbs(lines: Sequence[str]) -> Iterator[str]:
    """The commands that a help lists: under headings that are not of options or arguments."""
    inside = False
    for line in lines:
        if line and not line.startswith(" "):
            inside = line.endswith(":") and line not in ("Options:", "Arguments:")
        elif inside and (match := re.match(r"  ([a-z][a-z-]*)(  |$)", line)):
            yield match[1]


def _files(cwd: Path) -> None:
    rows = [one.value or b"" for one in inputs.csv(inputs.clean())]
    header = b"timestamp,household_id,energy_kwh"
    (cwd / "homes.csv").write_bytes(b"\n".join([header, *rows, b"no,row", b""]))
    (cwd / "signals.jsonl").write_bytes(store.kept("inputs/signals.jsonl"))


def offline(cwd: Path) -> bytes:
    """Exit codes and outputs of commands on a folder where nothing runs."""
    data_folder.unpacked(cwd / FOLDER)
    _files(cwd)
    return _answers(cwd, OFFLINE)


def _answers(cwd: Path, every: Sequence[Sequence[str]]) -> bytes:
    every = [[*words, "--data-dir", FOLDER] if takes_folder(words) else words for words in every]
    return store.text_of(map(store.line, product.commands(every, cwd)))


def takes_folder(words: Sequence[str]) -> bool:
    return len(words) > 1 or words[0] in ("status", "stop", "top", "version")


@contextmanager
def running(cwd: Path) -> Iterator[httpx.Client]:
    """History and API on the kept folder, all of it read by the history."""
    folder = data_folder.unpacked(cwd / FOLDER)
    with (
        closing(Watch(folder / "log.db")) as log,
        product.role("history", folder),
        product.served(folder, *data_folder.SETTINGS) as client,
    ):
        until(lambda: data_folder.is_read_by_history(log))
        time.sleep(1.5)  # health and newest rows are looked at once a second
        yield client


def asked(client: httpx.Client) -> Iterator[dict[str, Any]]:
    """Every GET route of the API's own document, with what it needs."""
    document = client.get("/api/v1/openapi.json").json()
    alerts = client.get("/api/v1/alerts").json()
    values = {**RANGE, "device": "H001", "charger": "charger-1", "offset": "1", "node": "n"}
    values |= {"edge": "roof", "site": "building", "group": "ovens", "key": "device/H001"}
    values["id"] = sorted(one["id"] for one in alerts)[0]
    values |= {"station": "all", "list_id": "spot", "tariff": "flat", "route": "desk"}
    readings = client.get("/api/v1/readings", params={**RANGE, "device": values["device"]}).json()
    values["time"] = readings[0]["time"]
    for path, verbs_of in sorted(document["paths"].items()):
        if "get" not in verbs_of or path in SKIPPED:
            continue
        told = {
            one["name"]: values[one["name"]]
            for one in verbs_of["get"].get("parameters", ())
            if one["in"] == "query" and (one.get("required") or one["name"] in RANGE)
        }
        if path in ONE_DEVICE:
            told["device"] = values["device"]
        place = path.format(**values)
        yield _answer(client, f"/api/v1{place}", told)
        if "{" in path:
            wrong = path.format(**dict.fromkeys(values, "987654321"))
            yield _answer(client, f"/api/v1{wrong}", {})
        yield _answer(client, f"/api/v1{place}", {"nonsense": "1"})
    for path in ("/healthz", "/readyz", "/api/v1/nothing"):
        yield _answer(client, path, {})


def _answer(client: httpx.Client, path: str, told: Mapping[str, str]) -> dict[str, Any]:
    said = client.get(path, params=told)
    is_json = said.headers.get("content-type", "").startswith("application/json")
    return {
        "get": path,
        "with": dict(told),
        "status": said.status_code,
        "type": said.headers.get("content-type"),
        "answer": said.json() if is_json else said.text,
    }


def metrics(client: httpx.Client) -> bytes:
    """Names, kinds and labels of what Prometheus may ask; values are chance."""
    found: set[str] = set()
    for line in client.get("/metrics").text.splitlines():
        if line.startswith("#"):
            found.add(line)
        else:
            name, _, labels = line.rpartition(" ")[0].partition("{")
            names = sorted(re.findall(r'(\w+)="', labels))
            found.add(f"{name} {{{','.join(names)}}}")
    ours = sorted(one for one in found if "energyguard_" in one)
    return store.text_of(ours)


def tables(folder: Path) -> bytes:
    """The history's tables, as its door shows them."""
    card = json.loads((folder / "run" / "history.json").read_bytes())
    sql = (
        "SELECT database, name, create_table_query FROM system.tables "
        "WHERE database NOT IN ('system', 'INFORMATION_SCHEMA', 'information_schema') "
        "ORDER BY database, name FORMAT JSONEachRow"
    )
    said = httpx.post(_url(card), content=sql, auth=(_user(card), card["password"]), timeout=30)
    assert said.status_code == 200, said.text
    return said.content


def _url(card: Mapping[str, Any]) -> str:
    return str(card.get("url") or f"http://{card['host']}:{card['port']}/")


def _user(card: Mapping[str, Any]) -> str:
    return str(card.get("user", "default"))


def clickhouse() -> bytes:
    """What a ClickHouse server is made with, without its comments."""
    folder = product.ROOT / "deploy" / "clickhouse" / "docker-entrypoint-initdb.d"
    lines: list[str] = []
    for path in sorted(folder.iterdir()):
        mark = "--" if path.suffix == ".sql" else "#"
        text = re.sub(rf"(?m)\s*(?<!\S){mark} .*$", "", path.read_text())
        lines += [f"== {path.name}", *(line for line in text.splitlines() if line.strip())]
    return store.text_of(lines)


def other_doors(cwd: Path) -> dict[str, bytes]:
    """The documents of the building monitor's door and of the measurement store's."""
    found, nodes = {}, iter(free_nodes(2))
    for name, words in {
        "coordinator": ("coordinator", "--set", f"store.url=sqlite:///{cwd}/store.db"),
        "measurements": ("measurements",),
    }.items():
        node = next(nodes)
        told = ["-m", "energyguard", *words, "--port", node.rpartition(":")[2], "--no-auth"]
        told += ["--data-dir", str(cwd / name)]
        log = cwd / f"{name}.log"
        with log.open("wb") as out:
            process = Forked(told, env=product.environment(), stdout=out, stderr=out)
        try:
            found[name] = until(partial(_document, process, log, node))
        finally:
            process.terminate()
            process.wait(PATIENCE_S)
    return found


def _document(process: subprocess.Popen[bytes], log: Path, node: str) -> bytes:
    assert process.poll() is None, log.read_text()
    try:
        said = httpx.get(f"{node}/openapi.json", timeout=5)
    except httpx.HTTPError:
        return b""
    return pretty(said.json()) if said.status_code == 200 else b""


def pretty(value: Any) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


def everything(cwd: Path) -> dict[str, bytes]:
    """All of the above by the name of its golden file."""
    offline_folder = cwd / "offline"
    offline_folder.mkdir()
    with ThreadPoolExecutor() as pool:
        helped = pool.submit(helps, cwd)
        told = pool.submit(offline, offline_folder)
        doors = pool.submit(other_doors, cwd)
        with running(cwd) as client:
            found = {
                "openapi.json": pretty(client.get("/api/v1/openapi.json").json()),
                "answers.jsonl": store.text_of(map(store.line, asked(client))),
                "metrics.txt": metrics(client),
                "history.jsonl": tables(cwd / FOLDER),
                "commands-running.jsonl": _answers(cwd, ONLINE),
            }
    found |= {"helps.txt": helped.result(), "clickhouse.sql": clickhouse()}
    found |= {f"openapi-{name}.json": text for name, text in doors.result().items()}
    return found | {"commands.jsonl": told.result()}


NAMES: Final = (
    "answers.jsonl",
    "clickhouse.sql",
    "commands-running.jsonl",
    "commands.jsonl",
    "helps.txt",
    "history.jsonl",
    "metrics.txt",
    "openapi-coordinator.json",
    "openapi-measurements.json",
    "openapi.json",
)
