"""Names that people's senders use, and the channel of each; what is not clear is refused."""

from __future__ import annotations

import pytest

from energyguard.dialects.names import NotPlaced, Placed, ValueName, place_by_name

KNOWN = [
    # a name, the unit beside it, and: the channel, times, per
    ("power_w", "", "power_kw", 1, 1_000),
    ("power_kw", "", "power_kw", 1, 1),
    ("power", "W", "power_kw", 1, 1_000),
    ("activePower", "kW", "power_kw", 1, 1),
    ("shelly_power_watts", "", "power_kw", 1, 1_000),
    ("grid_export_power_w", "", "power_kw", -1, 1_000),
    ("energy_kwh", "", "energy_kwh", 1, 1),
    ("energy_wh_total", "", "energy_register_kwh", 1, 1_000),
    ("meter_energy_joules_total", "", "energy_register_kwh", 1, 3_600_000),
    ("house_energy_watt_hours_total", "", "energy_register_kwh", 1, 1_000),
    ("house_energy_kilowatthours_total", "", "energy_register_kwh", 1, 1),
    ("total_energy", "MWh", "energy_register_kwh", 1_000, 1),
    ("energy_interval", "Wh", "energy_kwh", 1, 1_000),
    ("energy_export_interval", "kWh", "energy_kwh", -1, 1),
    ("voltage_volts", "", "voltage_v", 1, 1),
    ("current_ma", "", "current_a", 1, 1_000),
    ("node_temp_celsius", "", "temperature_c", 1, 1),
]


@pytest.mark.parametrize(("name", "unit", "channel", "times", "per"), KNOWN)
def test_a_name_has_its_channel_and_scale(
    name: str, unit: str, channel: str, times: int, per: int
) -> None:
    found = place_by_name(ValueName(name, "plug", unit))
    assert isinstance(found, Placed), found
    assert found[1:] == (channel, times, per)


@pytest.mark.parametrize(
    ("name", "unit", "reason"),
    [
        ("power", "", "nothing says its unit"),
        ("power_mw", "", "nothing says its unit"),  # mW or MW
        ("energy", "kWh", "nothing says whether it is a register or an interval"),
        ("energy_today_wh_total", "", "begins anew after a day"),
        ("apparent_power", "VA", "no channel has the unit 'VA'"),
        ("max_power_w", "", "nothing that a channel counts"),
        ("price_kwh", "", "nothing that a channel counts"),
        ("go_goroutines", "", "nothing says its unit"),
        ("gas_m3_total", "", "nothing says its unit"),
    ],
)
def test_what_is_not_clear_is_refused(name: str, unit: str, reason: str) -> None:
    found = place_by_name(ValueName(name, "plug", unit))
    assert isinstance(found, NotPlaced)
    assert reason in found.reason


def test_what_the_sender_says_of_an_energy_goes_before_its_name() -> None:
    register = place_by_name(ValueName("energy", "plug", "kWh", counts="register"))
    assert register == Placed("plug", "energy_register_kwh")
    assert register == place_by_name(ValueName("energy_kwh", "plug", counts="register"))
    by_label = (("state_class", "total_increasing"),)
    assert register == place_by_name(ValueName("energy", "plug", "kWh", labels=by_label))


def test_what_is_fed_in_is_a_device_of_its_own_and_so_is_a_phase() -> None:
    exported = place_by_name(ValueName("energy_export_kwh_total", "house"))
    assert exported == Placed("house/export", "energy_register_kwh")
    assert place_by_name(ValueName("voltage_l2_v", "house")) == Placed("house/l2", "voltage_v")
    assert place_by_name(ValueName("phase_b_power_w", "house")) == Placed(
        "house/l2", "power_kw", 1, 1_000
    )


def test_labels_name_the_device() -> None:
    labels = (("channel", "1"), ("host", "pi"), ("sensor", "fridge"))
    found = place_by_name(ValueName("power_w", labels=labels))
    assert found == Placed("fridge/1", "power_kw", 1, 1_000)
    rooms = (("host", "pi"), ("job", "x"), ("room", "cellar"))
    assert place_by_name(ValueName("power_kw", labels=rooms)) == Placed("cellar", "power_kw")
    assert place_by_name(ValueName("power_kw", labels=rooms[:1])) == Placed("pi", "power_kw")
    without = place_by_name(ValueName("power_w"))
    assert isinstance(without, NotPlaced)
    assert "nothing names its device" in without.reason
    odd = place_by_name(ValueName("power_w", labels=(("host", "a,b"),)))
    assert isinstance(odd, NotPlaced)
    assert "'a,b'" in odd.reason
