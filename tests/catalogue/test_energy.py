"""What the catalogue says of channels of energy."""

from energyguard.catalogue.energy import energy_channels
from energyguard.ledger.channels import EnergyChannel
from energyguard.model.catalogue import ChannelFacts, Device
from energyguard.model.channels import Kind


def test_what_is_said_is_what_the_ledger_goes_by() -> None:
    register = ChannelFacts(digits=6, resolution="0.01", max_power_kw=17.25, resets="daily")
    interval = ChannelFacts(length="30 minutes", stamp="end", max_export_kw=10)
    device = Device(
        name="Main",
        channels={
            "energy_register_kwh": register,
            "energy_kwh": interval,
            "power_kw": ChannelFacts(),
            "temperature_c": ChannelFacts(unit="K"),
        },
    )
    assert energy_channels(device, "Europe/Berlin") == {
        "energy_register_kwh": EnergyChannel(
            Kind.REGISTER, 17_250, resolution=10**7, rollover=10**15, resets_daily=True,
            zone="Europe/Berlin",
        ),
        "energy_kwh": EnergyChannel(
            Kind.INTERVAL, largest_export_w=10_000, length_ms=1_800_000, stamp_is_end=True
        ),
    }  # fmt: skip


def test_of_a_device_that_nobody_entered_nothing_is_said() -> None:
    assert energy_channels(None, "UTC") == {}
