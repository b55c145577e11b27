"""The file of devices: what it says, and each fault with its line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from energyguard.errors import ConfigError
from energyguard.poll.registers import register_map
from energyguard.poll.registry import KINDS
from energyguard.poll.source import PollTarget
from energyguard.poll.targets import read_targets


def test_a_file_says_who_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "devices.toml"
    path.write_text(
        '[[target]]\nname = "cellar/boiler"\nkind = "shelly"\naddress = "http://10.0.0.21/"\n\n'
        '[[target]]\nname = "roof"\nkind = "sunspec"\naddress = "tcp://10.0.0.30:1502"\n'
        'period = "PT30S"\ntimeout = "2 s"\nunit = 126\nsign = "export"\n\n'
        '[[target]]\nname = "dtu"\nkind = "opendtu"\naddress = "https://dtu.lan"\n'
        'user = "admin"\npassword_file = "secrets/dtu"\n'
    )
    assert read_targets(path) == [
        PollTarget(name="cellar/boiler", kind="shelly", address="http://10.0.0.21"),
        PollTarget(
            name="roof",
            kind="sunspec",
            address="tcp://10.0.0.30:1502",
            period_s=30,
            timeout_s=2,
            unit=126,
            is_export=True,
        ),
        PollTarget(
            name="dtu",
            kind="opendtu",
            address="https://dtu.lan",
            user="admin",
            password_file=tmp_path / "secrets/dtu",
        ),
    ]


@pytest.mark.parametrize(
    ("lines", "line", "reason"),
    [
        ('kind = "evcc"\naddress = "http://h"\nperiod = "10"', 5, "period: not a duration: '10'"),
        ('kind = "evcc"\naddress = "http://h"\nperiod = "100 ms"', 5, "once a second at most"),
        ('kind = "evcc"\naddress = "http://h"\nperiod = 10', 5, "Expected `str`, got `int`"),
        ('kind = "evcc"\naddress = "http://h"\ntimeout = "0 s"', 5, "no time for an answer"),
        ('kind = "evcc"\naddress = "10.0.0.1"', 4, "address: not http://HOST or https://HOST"),
        ('kind = "evcc"\naddress = "http://h:99999"', 4, "address: Port out of range"),
        ('kind = "evcc"\naddress = "tcp://h"', 4, "address: not http://HOST"),
        ('kind = "sunspec"\naddress = "http://h"', 4, "address: not tcp://HOST"),
        ('kind = "evcc"\naddress = "http://u:p@h"', 4, "a password does not stand here"),
        ('kind = "evcc"\naddress = "http://h"\nunit = 1', 5, "unit is no option of evcc"),
        ('kind = "sunspec"\naddress = "tcp://h"\nuser = "a"', 5, "user is no option of sunspec"),
        ('kind = "json"\naddress = "http://h"', 1, "json needs mapping"),
        ('kind = "evcc"\naddress = "http://h"\npasswort = "x"', 5, "unknown field `passwort`"),
        ('kind = "shelly"\naddress = "http://h"\npassword_file = "x"', 5, "whose? name the user"),
        ('kind = "evcc"', 1, "missing required field `address`"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, lines: str, line: int, reason: str) -> None:
    path = tmp_path / "devices.toml"
    path.write_text(f'[[target]]\nname = "a"\n{lines}\n')
    with pytest.raises(ConfigError) as caught:
        read_targets(path)
    (fault,) = caught.value.faults
    assert fault.startswith(f"{path}:{line}: ")
    assert reason in fault


def test_every_fault_is_said_at_once(tmp_path: Path) -> None:
    path = tmp_path / "devices.toml"
    path.write_text(
        '[[target]]\nname = "a"\nkind = "evcc"\naddress = "http://h"\n'
        '[[target]]\nname = "a"\nkind = "evcc"\naddress = "http://h"\n'
        '[[target]]\nname = "b,c"\nkind = "evcc"\naddress = "h"\nperiod = "x"\n'
    )
    with pytest.raises(ConfigError) as caught:
        read_targets(path)
    assert [fault.split(": ", 1)[0].rsplit(":", 1)[1] for fault in caught.value.faults] == [
        *("6", "10", "13", "12"),
    ]
    path.write_text('[[target]]\nname = "a"\n[other]\n')
    with pytest.raises(ConfigError, match="no 'other' is known here"):
        read_targets(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_targets(tmp_path / "missing.toml")


def test_the_examples_of_the_page_can_be_used_and_every_kind_stands_there(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/poll.md").read_text()
    for number, text in enumerate(re.findall(r"```toml\n(.*?)```", page, re.DOTALL)):
        path = tmp_path / f"{number}.toml"
        path.write_text(text)
        assert len(read_targets(path) if "[[target]]" in text else register_map(path)) == 2
    assert [*re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)][: len(KINDS)] == [*KINDS]
