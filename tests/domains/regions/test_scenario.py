"""What ``up --scenario regions`` sets up before its processes start."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from energyguard.cli.run.nodes import _prepared
from energyguard.cli.terminal.call import Call
from energyguard.domains.regions.simulator.scenario import EDGE, prepare
from energyguard.edge.link.enrolment import Enrolment
from energyguard.edge.link.identity import joined
from energyguard.log import open_log
from energyguard.pipeline import DEMONSTRATED, PREPARED, ROLES, SCENARIOS
from energyguard.records.edges import EdgeEntry
from energyguard.settings.edge import CloudSettings, EdgeSettings
from energyguard.settings.regions import RegionsSettings
from energyguard.settings.tree import Settings


def entries(settings: Settings) -> dict[str, EdgeEntry]:
    with closing(open_log(settings.log_url)) as log:
        return dict(Enrolment(log).entries())


def test_regions_are_shown_on_request_only() -> None:
    assert SCENARIOS["regions"] == "simulate-regions"
    assert "regions" in PREPARED
    assert set(SCENARIOS) - set(DEMONSTRATED) == {"regions"}


def test_an_edge_and_a_cloud_find_each_other(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    more = prepare(settings)
    assert more["edge.cloud"] == f"tls+tcp://{more['cloud.listen']}"
    assert str(more["cloud.listen"]).startswith("127.0.0.1:")
    assert joined(settings.edge_dir).common_name == entries(settings)[EDGE].identity
    complete = settings.model_copy(
        update={
            "edge": EdgeSettings(cloud=str(more["edge.cloud"])),
            "cloud": CloudSettings(listen=str(more["cloud.listen"])),
        }
    )
    assert all(ROLES[name].is_wanted(complete) for name in ("edge", "cloud"))
    assert not any(ROLES[name].is_wanted(settings) for name in ("edge", "cloud"))


def test_a_second_start_lets_nobody_in_anew(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    prepare(settings)
    before = entries(settings), joined(settings.edge_dir).common_name
    prepare(settings)
    assert (entries(settings), joined(settings.edge_dir).common_name) == before
    with closing(open_log(settings.log_url)) as log:
        Enrolment(log).forget(EDGE, "somebody")
    prepare(settings)
    assert entries(settings)[EDGE].forgotten_by == "somebody"


def test_a_lost_certificate_is_made_anew(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    prepare(settings)
    before = entries(settings)[EDGE].identity
    (settings.edge_dir / "link.json").write_text("{")
    prepare(settings)
    assert joined(settings.edge_dir).common_name == entries(settings)[EDGE].identity != before


def test_what_the_settings_say_stays(tmp_path: Path) -> None:
    elsewhere = Settings(data_dir=tmp_path, edge=EdgeSettings(cloud="tls+tcp://cloud:5556"))
    assert prepare(elsewhere).keys() <= {"regions.min_homes", "regions.listen"}
    assert not (tmp_path / "link.pem").exists()
    listening = Settings(data_dir=tmp_path, cloud=CloudSettings(listen="0.0.0.0:5559"))
    more = prepare(listening)
    assert more["cloud.listen"] == "0.0.0.0:5559"
    assert more["edge.cloud"] == "tls+tcp://127.0.0.1:5559"
    port = Settings(data_dir=tmp_path, regions=RegionsSettings(listen="127.0.0.1:1"))
    assert "regions.listen" not in prepare(port)


def test_up_leaves_what_somebody_has_set(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENERGYGUARD_REGIONS__MIN_HOMES", "3")
    call = Call(data_dir=data_dir).with_settings(cloud__listen="127.0.0.1:0")
    settings = _prepared(call, ["households", "regions"]).settings
    assert settings.regions.min_homes == 3
    assert settings.cloud.listen == "127.0.0.1:0"
    assert settings.edge.cloud == "tls+tcp://127.0.0.1:0"
    assert _prepared(call, ["households"]).settings.edge.cloud == ""
    monkeypatch.delenv("ENERGYGUARD_REGIONS__MIN_HOMES")
    call = Call(data_dir=data_dir)
    assert _prepared(call, ["regions"]).settings.regions.min_homes == 1
