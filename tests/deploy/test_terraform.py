"""The cloud machine's Terraform: its syntax, what it lets in, what its variables refuse."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import hcl2
import pytest

from energyguard.model.quantities import parse_duration
from energyguard.settings.layers import load
from tests.deploy.conftest import ROOT, program

TERRAFORM = ROOT / "deploy" / "terraform"
WORLD = "0.0.0.0/0"
GOOGLE_IAP = "35.235.240.0/20"
"""From where Google's tunnel comes, for whoever has logged in and may."""
GOOD = {"project": "p-1", "package": "https://example.org/energyguard-0.1.0-py3-none-any.whl"}


def plain(found: Any) -> Any:
    """What `hcl2` read, without the quotes of its strings and its own marks."""
    if isinstance(found, dict):
        return {plain(k): plain(v) for k, v in found.items() if k != "__is_block__"}
    if isinstance(found, list):
        return [plain(one) for one in found]
    return found.removeprefix('"').removesuffix('"') if isinstance(found, str) else found


@pytest.fixture(scope="module")
def blocks() -> dict[str, dict[str, Any]]:
    """`resource` to `TYPE.NAME` to its body; `variable`, `output`, … to name to body."""
    blocks: dict[str, dict[str, Any]] = {}
    for file in TERRAFORM.glob("*.tf"):
        for kind, listed in plain(hcl2.loads(file.read_text())).items():
            place = blocks.setdefault(kind, {})
            for block in listed:
                for name, body in block.items():
                    if kind == "resource":
                        place |= {f"{name}.{own}": inner for own, inner in body.items()}
                    else:
                        place[name] = body
    return blocks


def ingress(blocks: dict[str, dict[str, Any]], given: dict[str, list[str]]) -> dict[str, list[str]]:
    """Port to the networks that are let in, with the variables' defaults but for those given."""
    found: dict[str, list[str]] = {}
    for name, rule in blocks["resource"].items():
        if not name.startswith("google_compute_firewall."):
            continue
        (variable,) = re.fullmatch(r"\$\{var\.(\w+)\}", rule["source_ranges"]).groups()  # type: ignore[union-attr]
        networks = given.get(variable, blocks["variable"][variable]["default"])
        if "count" in rule:
            assert rule["count"] == f"${{length(var.{variable}) > 0 ? 1 : 0}}"
            if not networks:
                continue
        assert rule["direction"] == "INGRESS"
        (allowed,) = rule["allow"]
        (port,) = allowed["ports"]
        assert allowed["protocol"] == "tcp"
        found[port] = found.get(port, []) + networks
    return found


def test_nothing_is_open_to_the_world_but_the_link(blocks: dict[str, dict[str, Any]]) -> None:
    assert ingress(blocks, {}) == {"5556": [WORLD], "22": [GOOGLE_IAP]}
    mine = ["203.0.113.7/32"]
    opened = ingress(blocks, {"ssh_addresses": [], "api_addresses": mine})
    assert opened == {"5556": [WORLD], "5006": mine}


def test_the_world_stands_nowhere_else(blocks: dict[str, dict[str, Any]]) -> None:
    said = [
        file.name for file in TERRAFORM.glob("*.tf") for _ in re.findall(WORLD, file.read_text())
    ]
    assert said == ["variables.tf"]
    assert not any("::/0" in file.read_text() for file in TERRAFORM.glob("*.tf"))
    kinds = {name.split(".")[0] for name in blocks["resource"]}
    assert {kind for kind in kinds if "firewall" in kind} == {"google_compute_firewall"}


def test_the_regions_are_listened_for_where_somebody_may_ask(
    blocks: dict[str, dict[str, Any]],
) -> None:
    metadata = blocks["resource"]["google_compute_instance.cloud"]["metadata"]
    found = re.search(
        r'/(\.\./\S+?)"\), "(\S+?)", local\.regions\)', metadata["energyguard-settings"]
    )
    assert found
    assert found[2] in (TERRAFORM / found[1]).read_text()


def test_the_machine_may_do_nothing_at_google(blocks: dict[str, dict[str, Any]]) -> None:
    machine = blocks["resource"]["google_compute_instance.cloud"]
    (account,) = machine["service_account"]
    assert account["email"] == "${google_service_account.cloud.email}"
    assert "google_service_account.cloud" in blocks["resource"]
    assert [name for name in blocks["resource"] if "iam" in name] == []
    assert not any("cloud-platform" in scope for scope in account["scopes"])


def test_the_machine_is_shielded_and_its_network_its_own(
    blocks: dict[str, dict[str, Any]],
) -> None:
    machine = blocks["resource"]["google_compute_instance.cloud"]
    (shield,) = machine["shielded_instance_config"]
    assert shield == dict.fromkeys(
        ("enable_secure_boot", "enable_vtpm", "enable_integrity_monitoring"), True
    )
    (interface,) = machine["network_interface"]
    assert interface["subnetwork"] == "${google_compute_subnetwork.cloud.id}"
    network = blocks["resource"]["google_compute_network.cloud"]
    assert network["auto_create_subnetworks"] is False  # nor the default network's open rules
    assert machine["metadata"]["block-project-ssh-keys"] == "TRUE"
    assert machine["metadata"]["enable-oslogin"] == "TRUE"
    assert machine["metadata"]["serial-port-enable"] == "FALSE"


def test_readings_outlive_the_machine_and_are_copied_while_edges_still_have_them(
    blocks: dict[str, dict[str, Any]],
) -> None:
    disk = blocks["resource"]["google_compute_disk.data"]
    assert disk["lifecycle"] == [{"prevent_destroy": True}]
    (schedule,) = blocks["resource"]["google_compute_resource_policy.copies"][
        "snapshot_schedule_policy"
    ]
    hours = schedule["schedule"][0]["hourly_schedule"][0]["hours_in_cycle"]
    kept_ms = parse_duration(load(environ={}).settings.edge.keep)
    assert 2 * hours * 3_600_000 < kept_ms


def test_no_key_is_made_or_kept(blocks: dict[str, dict[str, Any]]) -> None:
    kinds = {name.split(".")[0] for name in blocks["resource"]}
    assert {kind for kind in kinds if not kind.startswith("google_")} == set()
    assert not any("key" in kind for kind in kinds)
    text = "".join(file.read_text() for file in TERRAFORM.iterdir() if file.is_file())
    assert "PRIVATE KEY" not in text
    assert "credentials" not in text


def test_what_the_start_script_asks_is_there_and_small_enough(
    blocks: dict[str, dict[str, Any]],
) -> None:
    metadata = blocks["resource"]["google_compute_instance.cloud"]["metadata"]
    script = (TERRAFORM / "start.sh").read_text()
    asked = {f"energyguard-{name}" for name in re.findall(r"(?:attribute|put) ([a-z]+)\b", script)}
    assert asked == {name for name in metadata if name.startswith("energyguard-")}
    for path in re.findall(r"\$\{path\.module\}/(\S+?)\"", str(metadata)):
        file = TERRAFORM / path
        assert file.stat().st_size < 256 * 1024, f"{path}: Google takes 256 KB at most"


def test_terraform_would_write_the_files_as_they_are() -> None:
    terraform = program("terraform", "https://developer.hashicorp.com/terraform/install")
    done = subprocess.run(
        [terraform, "fmt", "-check", "-diff", TERRAFORM], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The variables alone: they need no provider."""
    folder = tmp_path_factory.mktemp("variables")
    shutil.copy(TERRAFORM / "variables.tf", folder)
    done = run_terraform(folder, "init", "-backend=false")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def run_terraform(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    terraform = program("terraform", "https://developer.hashicorp.com/terraform/install")
    return subprocess.run(
        [terraform, *words, "-no-color"], cwd=folder, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    ("name", "value", "is_good"),
    [
        ("ssh_addresses", '["203.0.113.7/32"]', True),
        ("ssh_addresses", "[]", True),
        ("ssh_addresses", '["0.0.0.0/0"]', False),
        ("ssh_addresses", '["0.0.0.0/1","128.0.0.0/1"]', False),
        ("ssh_addresses", '["203.0.113.7"]', False),
        ("api_addresses", '["203.0.113.0/24"]', True),
        ("api_addresses", '["0.0.0.0/0"]', False),
        ("edge_addresses", '["198.51.100.0/24"]', True),
        ("edge_addresses", '["the world"]', False),
        ("name", "eg", False),
        ("package", "git+https://example.org/energyguard.git@v0.1.0", True),
        ("package", "git+https://example.org/energyguard.git", False),
        ("package", "http://example.org/energyguard-0.1.0-py3-none-any.whl", False),
        ("package", "energyguard", False),
    ],
)
def test_a_variable_that_would_open_the_machine_is_refused(
    variables: Path, name: str, value: str, is_good: bool
) -> None:
    given = [f"-var={n}={v}" for n, v in {**GOOD, name: value}.items()]
    done = run_terraform(variables, "plan", "-input=false", *given)
    assert (done.returncode == 0) == is_good, done.stdout + done.stderr
    assert is_good or "Invalid value for variable" in done.stderr


@pytest.mark.slow  # it fetches the provider
def test_the_provider_takes_it(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    shutil.copy(ROOT / "requirements.lock", tmp_path)
    folder = tmp_path / "deploy" / "terraform"
    done = run_terraform(folder, "init", "-backend=false", "-input=false")
    if done.returncode and "Failed to query available provider packages" in done.stderr:
        pytest.skip("the provider hashicorp/google cannot be fetched here")
    assert done.returncode == 0, done.stderr
    done = run_terraform(folder, "validate")
    assert done.returncode == 0, done.stdout + done.stderr


def test_shellcheck_finds_nothing() -> None:
    shellcheck = program("shellcheck", "apt-get install shellcheck")
    done = subprocess.run([shellcheck, TERRAFORM / "start.sh"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
