"""Prometheus' files and Grafana's board: what they name is there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.grafana.board import BOARD, ROWS, text
from energyguard.telemetry import TABLE, Metric
from tests.deploy.conftest import ROOT, Composed, program

FOLDER = ROOT / "deploy" / "prometheus"
RULES = (FOLDER / "rules.yaml").read_text()
QUERIES = [panel.query for row in ROWS for panel in row.panels]
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}
TOLD = {f"energyguard_{row.name}{suffix}": row for row in TABLE for suffix in SUFFIXES[row.kind]}
GIVEN = {"job", "role", "instance", "le"}
"""Labels that Prometheus gives, and that of a histogram's buckets."""


def configuration() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    return found


def unknown(queries: str) -> set[str]:
    """Metrics of ours in queries that nobody tells."""
    return {*re.findall(r"\benergyguard_\w+", queries)} - TOLD.keys()


def test_the_board_s_file_is_fresh() -> None:
    assert BOARD.read_text() == text(), "run `python -m deploy.grafana.board`"


def test_every_metric_on_the_board_and_in_the_rules_is_told() -> None:
    assert unknown("\n".join(QUERIES)) == set()
    assert unknown(RULES) == set()
    assert unknown("rate(energyguard_wishes_total[1m]) + energyguard_readings") != set()


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_every_metric_is_on_the_board(row: Metric) -> None:
    names = {name for name, told in TOLD.items() if told is row}
    assert any(names & {*re.findall(r"\w+", query)} for query in QUERIES)


@pytest.mark.parametrize("panel", [p for row in ROWS for p in row.panels], ids=lambda p: p.title)
def test_every_label_of_a_panel_is_told(panel: Any) -> None:
    told = [TOLD[name].labels for name in re.findall(r"\benergyguard_\w+", panel.query)]
    known = GIVEN.union(*told)
    grouped = re.findall(r"by \(([^)]*)\)", panel.query)
    used = {name.strip() for names in grouped for name in names.split(",")}
    assert used <= known
    assert {*re.findall(r"{{(\w+)}}", panel.legend)} <= used


def test_prometheus_asks_services_that_there_are(composed: Composed) -> None:
    jobs = configuration()["scrape_configs"]
    asked = {name for job in jobs for one in job.get("dns_sd_configs", ()) for name in one["names"]}
    asked |= {
        target.split(":")[0]
        for job in jobs
        for one in job.get("static_configs", ())
        for target in one["targets"]
    }
    services = composed()["services"]
    assert asked <= services.keys()
    assert {"simulate", "worker", "history", "serve"} <= asked
    for job in jobs:
        for one in job.get("dns_sd_configs", ()):
            if one["port"] == 9400:
                assert all("0.0.0.0:9400" in services[name]["command"] for name in one["names"])


def test_grafana_finds_prometheus_and_the_board(composed: Composed) -> None:
    folder = ROOT / "deploy" / "grafana" / "provisioning"
    (source,) = yaml.safe_load((folder / "datasources" / "prometheus.yaml").read_text())[
        "datasources"
    ]
    (provider,) = yaml.safe_load((folder / "dashboards" / "boards.yaml").read_text())["providers"]
    grafana = composed()["services"]["grafana"]
    mounts = {mount["target"]: mount["source"] for mount in grafana["volumes"]}
    assert source["url"] == "http://prometheus:9090"
    assert f'"uid": "{source["uid"]}"' in BOARD.read_text()
    assert mounts[provider["options"]["path"]] == str(BOARD.parent)
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{provider['options']['path']}/{BOARD.name}"


@pytest.mark.parametrize(
    "words",
    [("check", "config", "--syntax-only", "prometheus.yml"), ("check", "rules", "rules.yaml")],
    ids=["configuration", "rules"],
)
def test_promtool_takes_the_file(words: tuple[str, ...]) -> None:
    promtool = program("promtool", "Debian: apt-get install prometheus")
    done = subprocess.run([promtool, *words], cwd=FOLDER, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_takes_every_query_of_the_board(tmp_path: Path) -> None:
    promtool = program("promtool", "Debian: apt-get install prometheus")
    rules = [{"record": f"panel_{n}", "expr": query} for n, query in enumerate(QUERIES)]
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "board", "rules": rules}]}))
    done = subprocess.run([promtool, "check", "rules", file], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
