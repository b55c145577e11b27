"""Settings: which layer wins, where a value came from, and every fault at once."""

from pathlib import Path
from typing import Any

import pytest

from energyguard.errors import ConfigError
from energyguard.rules.toml import read_rules
from energyguard.settings.layers import load
from energyguard.settings.tree import Settings, fields


def faults(*args: object, **kwargs: object) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load(*args, **kwargs)  # type: ignore[arg-type]
    return caught.value.faults


def test_defaults_alone(tmp_path: Path) -> None:
    loaded = load(environ={}, cwd=tmp_path)
    assert loaded.settings == Settings()
    assert loaded.origins == {}


def test_each_layer_wins_over_the_one_before(tmp_path: Path) -> None:
    (tmp_path / "energyguard.toml").write_text("[serve]\nport = 1001\n")
    environ: dict[str, str] = {}
    set_: list[str] = []

    def port() -> tuple[int, str]:
        loaded = load(set_, environ, tmp_path)
        return loaded.settings.serve.port, loaded.origins["serve.port"]

    assert port() == (1001, f"{tmp_path / 'energyguard.toml'}:2")
    environ["ENERGYGUARD_SERVE__PORT"] = "1002"
    assert port() == (1002, "ENERGYGUARD_SERVE__PORT")
    set_.append("serve.port=1003")
    assert port() == (1003, "--set serve.port=1003")


def test_system_cs_variables_come_before_ours(tmp_path: Path) -> None:
    environ = {"HOUSEHOLDS": "7"}
    assert load(environ=environ, cwd=tmp_path).settings.simulate.households == 7
    environ["ENERGYGUARD_SIMULATE_HOUSEHOLDS"] = "8"
    assert load(environ=environ, cwd=tmp_path).settings.simulate.households == 8


@pytest.mark.parametrize("name", [name for name, _ in fields()])
@pytest.mark.parametrize("dot", ["_", "__"])
def test_every_setting_has_its_variable(name: str, dot: str, tmp_path: Path) -> None:
    given: Any = Settings()
    for part in name.split("."):
        given = getattr(given, part)
    text = ",".join(map(str, given)) if isinstance(given, tuple) else str(given)
    if given is None or given == {}:
        text = ""
    if isinstance(given, bool):
        text = str(given).lower()
    variable = "ENERGYGUARD_" + name.upper().replace(".", dot)
    loaded = load(environ={variable: text}, cwd=tmp_path)
    assert loaded.settings == Settings()
    assert loaded.origins == {name: variable}


def test_a_file_named_by_a_variable(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('rules.use = ["household-demo"]\nlog_level = "debug"\n')
    settings = load(environ={"ENERGYGUARD_CONFIG": str(path)}, cwd=tmp_path).settings
    assert settings.rules.use == ("household-demo",)
    assert settings.log_level == "debug"


def test_a_list_in_text_has_commas(tmp_path: Path) -> None:
    settings = load(["rules.use=household-demo, household-prod"], {}, tmp_path).settings
    assert settings.rules.use == ("household-demo", "household-prod")


def test_all_faults_at_once_each_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "energyguard.toml"
    path.write_text('[serve]\n\nprot = 1\n[stream]\nlateness = "soon"\n')
    environ = {"ENERGYGUARD_SIMULATE__HOUSEHOLDS": "-3", "ENERGYGUARD_NO_SUCH": "x"}
    found = faults(["serve.port=99999", "loud"], environ, tmp_path)
    assert len(found) == 6
    text = "\n".join(found)
    assert f"{path}:3: no setting 'serve.prot'; did you mean 'serve.port'?" in text
    assert f"{path}:5: stream.lateness: not a duration: 'soon'" in text
    assert "ENERGYGUARD_SIMULATE__HOUSEHOLDS: simulate.households: " in text
    assert "ENERGYGUARD_NO_SUCH: no setting 'no_such'" in text
    assert "--set serve.port=99999: serve.port: " in text
    assert "--set loud: write it as name=value" in text


def test_a_file_that_is_not_toml(tmp_path: Path) -> None:
    (tmp_path / "energyguard.toml").write_text("[serve]\nport = = 3\n")
    (found,) = faults((), {}, tmp_path)
    assert found.startswith(f"{tmp_path / 'energyguard.toml'}:2: not TOML")


def test_a_line_that_would_keep_the_parser_busy(tmp_path: Path) -> None:
    file = tmp_path / "energyguard.toml"
    file.write_text(f"[serve]\n{'a.' * 100_000}a = 1\n")
    assert faults((), {}, tmp_path) == (f"{file}:2: the line is longer than 4,096 characters",)
    with pytest.raises(ConfigError, match=":2: the line is longer"):
        read_rules(file)


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    (found,) = faults((), {"ENERGYGUARD_CONFIG": str(tmp_path / "none.toml")}, tmp_path)
    assert "cannot be read" in found


def test_a_value_where_a_section_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "energyguard.toml").write_text("serve = 3\n")
    (found,) = faults((), {}, tmp_path)
    assert "no setting 'serve'" in found


def test_other_peoples_variables_are_none_of_our_business(tmp_path: Path) -> None:
    assert load(environ={"PATH": "/bin", "PORT": "1"}, cwd=tmp_path).origins == {}


def test_the_default_log_is_in_the_data_folder() -> None:
    assert Settings(data_dir=Path("/x")).log_url == "sqlite:////x/log.db"


def test_names_and_values_in_one_text(tmp_path: Path) -> None:
    given = {"ENERGYGUARD_LOG_KAFKA": "security.protocol=SASL_SSL, sasl.username=me"}
    kafka = load(environ=given, cwd=tmp_path).settings.log.kafka
    assert kafka == {"security.protocol": "SASL_SSL", "sasl.username": "me"}


def test_a_setting_of_names_and_values_may_be_a_table(tmp_path: Path) -> None:
    file = tmp_path / "energyguard.toml"
    file.write_text('[prices.sources]\nspot-de = "https://a/b?c=d,e"\nx = "http://y"\n')
    loaded = load((), {}, tmp_path)
    assert loaded.settings.prices.sources == {"spot-de": "https://a/b?c=d,e", "x": "http://y"}
    assert loaded.origins["prices.sources"] == f"{file}:1"
    file.write_text('[prices]\ninside = true\n[prices.sources]\nspot = "no address"\n')
    with pytest.raises(ConfigError, match=r"energyguard\.toml:3: prices\.sources.*no address"):
        load((), {}, tmp_path)


PASSWORD = "geheim-1234"


def test_no_place_shows_a_secret(tmp_path: Path) -> None:
    given = f"log.kafka=sasl.username=me, sasl.password={PASSWORD},more"
    origin = load([given], {}, tmp_path).origins["log.kafka"]
    assert origin == "--set log.kafka=sasl.username=me, sasl.password=***"
    address = f"prices.sources=a=https://b/c?securityToken={PASSWORD}"
    assert load([address], {}, tmp_path).origins["prices.sources"].endswith("?securityToken=***")


@pytest.mark.parametrize("given", [f"log.kafak=sasl.password={PASSWORD}",
                                   f"log.kafka:sasl.password:{PASSWORD}"])  # fmt: skip
def test_no_fault_of_an_option_shows_a_secret(given: str, tmp_path: Path) -> None:
    (found,) = faults([given], {}, tmp_path)
    assert "sasl.password" in found
    assert PASSWORD not in found


def test_a_property_of_the_wrong_type_is_said_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "energyguard.toml"
    file.write_text('[log.kafka]\n"sasl.password" = 123456\n"socket.timeout.ms" = 1000\n')
    secret, plain = faults((), {}, tmp_path)
    assert secret.startswith(f"{file}:1: log.kafka.sasl.password: ")
    assert secret.endswith("(not '***')")
    assert plain.startswith(f"{file}:1: log.kafka.socket.timeout.ms: ")
    assert plain.endswith("(not 1000)")


def test_a_fault_of_a_whole_section_shows_no_secret_in_it(tmp_path: Path) -> None:
    file = tmp_path / "energyguard.toml"
    address = f"https://a/?token={PASSWORD}"
    file.write_text(f'[prices.sources]\na = "{address}"\n[prices.token_files]\nb = "/t"\n')
    (found,) = faults((), {}, tmp_path)
    assert f"{file}:1: prices: 'b' is no list of prices.sources" in found
    assert PASSWORD not in found
