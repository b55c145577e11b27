"""What the catalogue says of channels of energy."""

from energyguard.catalogue import Catalogue
from energyguard.catalogue.channel_scales import scales_of
from energyguard.catalogue.energy import described_by, energy_channels, taken_twice
from energyguard.ledger.channels import EnergyChannel
from energyguard.ledger.scales import Scale
from energyguard.model.catalogue import ChannelFacts, Device, Term
from energyguard.model.channels import ENERGY_DEFAULTS, Kind
from energyguard.records.catalogue import CatalogueVersion


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


def test_the_sign_is_said_of_a_channel_and_holds_where_the_catalogue_has_it() -> None:
    catalogue = Catalogue()
    facts = {"energy_register_kwh": ChannelFacts(sign="export")}
    catalogue.see("device/roof", Device(name="Roof", channels=facts), "test")
    described = described_by(catalogue, ENERGY_DEFAULTS)
    assert described("roof", "energy_register_kwh").sign == "export"
    assert described("roof", "energy_kwh") == EnergyChannel(Kind.INTERVAL)
    assert described("cellar", "power_kw") == EnergyChannel(Kind.POWER)


def test_who_takes_away_what_is_below_0_is_named() -> None:
    """As the documents said before; to show what is fed in above 0 is meant."""
    catalogue = Catalogue()
    said = {"energy_register_kwh": ChannelFacts(sign="import")}
    made = {"energy_kwh": ChannelFacts(sign="export")}
    main, sold = Term(device="main"), Term(device="main/export", minus=True)
    for name, device in {
        "main": Device(name="Main"),
        "yard/export": Device(name="Exports yard", channels=said),
        "roof": Device(name="Roof", channels=made),
        "house": Device(name="House", terms=(main, sold)),
        "net": Device(name="Net", terms=(main, Term(device="main/export"))),
        "sold": Device(name="Sold", terms=(sold,)),
        "rest": Device(name="Rest", terms=(main, Term(device="yard/export", minus=True))),
        "own": Device(name="Own", terms=(main, Term(device="roof", minus=True))),
    }.items():
        catalogue.see(f"device/{name}", device, "test")
    assert sorted(taken_twice(catalogue)) == [("house", "main/export"), ("own", "roof")]


def test_a_scale_counts_from_the_time_that_it_is_said_to_hold_from() -> None:
    def version(scale: str, from_ms: int | None = None, name: str = "Main") -> CatalogueVersion:
        channels = {"energy_kwh": ChannelFacts(scale=scale)} if scale else {}
        entry = Device(name=name, channels=channels)
        return CatalogueVersion(revision=1, entry=entry, from_ms=from_ms)

    always, forty, sixty = Scale(0, 40, 1), Scale(1_000, 40, 1), Scale(2_000, 60, 1)
    as_sent = Scale(0, 1, 1)
    for versions, wanted in (
        ([version(""), version("40")], (always,)),
        ([version(""), version("1")], ()),
        ([version("0.00125")], (Scale(0, 1, 800),)),
        ([version(""), version("40", 1_000)], (as_sent, forty)),
        ([version("40"), version("60", 2_000)], (always, sixty)),
        ([version("40"), version("60", 3_000), version("60", 2_000)], (always, sixty)),
        ([version(""), version("40", 1_000), version("40", name="Mains")], (as_sent, forty)),
        ([version("40", 1_000), version("60")], (Scale(0, 60, 1),)),
        ([version("40", 1_000), version("", 2_000)], (as_sent, forty, Scale(2_000, 1, 1))),
        ([version("40"), version("40", 1_000)], (always,)),
    ):
        found = scales_of(None, versions)
        assert found.get("energy_kwh", ()) == wanted, versions
    said = Device(name="Main", channels={"power_kw": ChannelFacts(scale="40")})
    assert energy_channels(said, "UTC") == {"power_kw": EnergyChannel(Kind.POWER, scales=(always,))}
