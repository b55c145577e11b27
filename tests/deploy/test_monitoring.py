"""Prometheus' files and Grafana's board: what they name is there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.grafana.board import BOARDS, file, text
from deploy.grafana.panels import WIDTH, Asked, Board, Panel
from energyguard.telemetry import TABLE, Metric
from tests.deploy.conftest import ROOT, Composed, program

FOLDER = ROOT / "deploy" / "prometheus"
FILES = ROOT / "deploy" / "grafana" / "boards"
RULES = (FOLDER / "rules.yaml").read_text()
PANELS = [panel for board in BOARDS for row in board.rows for panel in row.panels]
QUERIES = [panel.query for panel in PANELS if isinstance(panel, Panel)]
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


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_a_board_s_file_is_fresh(board: Board) -> None:
    assert file(board).read_text() == text(board), "run `python -m deploy.grafana.board`"


def test_every_board_s_file_is_made_of_one() -> None:
    assert {*FILES.iterdir()} == {file(board) for board in BOARDS}


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_panels_lie_beside_each_other(board: Board) -> None:
    model = board.model()
    taken: set[tuple[int, int]] = set()
    for panel in model["panels"]:
        at = panel["gridPos"]
        cells = {
            (at["x"] + right, at["y"] + down) for right in range(at["w"]) for down in range(at["h"])
        }
        assert not cells & taken
        assert max(x for x, _ in cells) < WIDTH
        taken |= cells
    numbers = [panel["id"] for panel in model["panels"]]
    assert len({*numbers}) == len(numbers)


def test_the_chargers_are_shown_each_second(composed: Composed) -> None:
    (board,) = (board for board in BOARDS if board.uid == "chargers")
    least = composed()["services"]["grafana"]["environment"]["GF_DASHBOARDS_MIN_REFRESH_INTERVAL"]
    assert board.refresh == least == "1s"


def test_every_metric_on_the_board_and_in_the_rules_is_told() -> None:
    assert unknown("\n".join(QUERIES)) == set()
    assert unknown(RULES) == set()
    assert unknown("rate(energyguard_wishes_total[1m]) + energyguard_readings") != set()


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_every_metric_is_on_the_board(row: Metric) -> None:
    names = {name for name, told in TOLD.items() if told is row}
    assert any(names & {*re.findall(r"\w+", query)} for query in QUERIES)


@pytest.mark.parametrize(
    "panel", [panel for panel in PANELS if isinstance(panel, Panel)], ids=lambda panel: panel.title
)
def test_every_label_of_a_panel_is_told(panel: Panel) -> None:
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


def test_grafana_finds_its_sources_and_the_boards(composed: Composed) -> None:
    folder = ROOT / "deploy" / "grafana" / "provisioning"
    sources = [
        source
        for path in (folder / "datasources").iterdir()
        for source in yaml.safe_load(path.read_text())["datasources"]
    ]
    by_uid = {source["uid"]: source for source in sources}
    assert {panel.model()["datasource"]["uid"] for panel in PANELS} == by_uid.keys()
    services = composed()["services"]
    grafana, clickhouse = services["grafana"], services["clickhouse"]
    assert by_uid["prometheus"]["url"] == "http://prometheus:9090"
    asked, words = by_uid["clickhouse"], grafana["environment"]
    assert asked["type"] in words["GF_PLUGINS_PREINSTALL"]
    assert (asked["jsonData"]["host"], asked["jsonData"]["port"]) == ("clickhouse", 8123)
    password = asked["secureJsonData"]["password"].removeprefix("$")
    assert words[password] == clickhouse["environment"]["READER_PASSWORD"]
    (provider,) = yaml.safe_load((folder / "dashboards" / "boards.yaml").read_text())["providers"]
    mounts = {mount["target"]: mount["source"] for mount in grafana["volumes"]}
    assert mounts[provider["options"]["path"]] == str(FILES)
    home = Path(words["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert str(home.parent) == provider["options"]["path"]
    assert (FILES / home.name).exists()


def test_what_grafana_shows_asks_a_source_with_what_it_has() -> None:
    for panel in PANELS:
        model = panel.model()
        (target,) = model["targets"]
        assert target["datasource"] == model["datasource"]
        assert ("rawSql" in target) == isinstance(panel, Asked)


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
