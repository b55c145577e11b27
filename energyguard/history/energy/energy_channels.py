"""What is said of channels of energy, beside their readings: whoever folds them goes by it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
import pyarrow as pa

from energyguard.history import Tables
from energyguard.ledger.channels import EnergyChannel, plain_channel
from energyguard.ledger.scales import Scale
from energyguard.model.channels import CHANNELS, ENERGY_DEFAULTS, FED_IN, EnergyDefaults, Kind
from energyguard.records.tables import NAME, HistoryTable, TableColumn

ENERGY_CHANNELS = HistoryTable(
    "energy_channels",
    "What is said of a device's channel of energy; none: what is said of that of all.",
    (
        TableColumn("device", NAME, "empty: of all devices; none: as `model/channels.py` has it"),
        TableColumn("channel", NAME),
        TableColumn("facts", "String", "`ledger/channels.py` as JSON; empty: no more"),
    ),
    order_by="(device, channel)",
)
SENT_CHANNELS = HistoryTable(
    "sent_channels",
    "Which channels of energy devices have sent, noted before any bucket of them is there.",
    (TableColumn("device", NAME), TableColumn("channel", NAME)),
    order_by="(device, channel)",
)
_SENT_BEFORE = """
INSERT INTO sent_channels
SELECT DISTINCT device, channel FROM rollup_1d
WHERE channel IN ({channels})
    AND (device, channel) NOT IN (SELECT device, channel FROM sent_channels)
"""
_LOOKED_BACK: Final = ("", "")
"""Noted once the days of a history of before were looked through: no device is called so."""
Changes = Mapping[tuple[str, str], EnergyChannel | None]
"""What is said, by device and channel; None: nothing any more."""


OF_ALL: Final = ""
"""Stands for the device in what is said of a channel of all devices."""
OF_FED_IN: Final = f",{FED_IN}"
"""Stands for the devices whose registers are fed in by their names: no device is called so.

It says nothing that their names do not; that it is there says that their past is counted so.
"""


def plain(channel: str, defaults: EnergyDefaults = ENERGY_DEFAULTS) -> EnergyChannel:
    """A channel of which nothing is said."""
    return plain_channel(CHANNELS[channel].kind, defaults)


def by_name() -> dict[tuple[str, str], EnergyChannel]:
    """What the names of devices say of their channels."""
    fed_in = {name: plain(name)._replace(sign="export") for name in CHANNELS}
    return {
        (OF_FED_IN, name): facts for name, facts in fed_in.items() if facts.kind is Kind.REGISTER
    }


def spelled(channel: EnergyChannel) -> str:
    """As the table has it; a sign and scales stand there where somebody says them."""
    later = ("sign", "scales")  # rows of before have none
    fields = {name: of for name, of in channel._asdict().items() if name not in later or of}
    return msgspec.json.encode(fields).decode()


def read_channel(text: str, channel: str) -> EnergyChannel:
    """What a row says; of an empty one, what holds of its channel anyway."""
    if not text:
        return plain(channel)
    fields = msgspec.json.decode(text)
    scales = tuple(Scale(*of) for of in fields.get("scales", ()))
    return EnergyChannel(**fields | {"kind": Kind(fields["kind"]), "scales": scales})


def described(history: Tables) -> dict[tuple[str, str], EnergyChannel]:
    """All that is said in a history."""
    rows = history.answer(
        "SELECT toString(device) AS device, toString(channel) AS channel, facts"
        " FROM energy_channels FINAL WHERE facts != ''",
        {},
    )
    return {
        (row["device"], row["channel"]): read_channel(row["facts"], row["channel"])
        for row in rows.to_pylist()
    }


def describe(history: Tables, changes: Changes) -> None:
    """Keep what is said of some channels."""
    if not changes:
        return
    device, channel = (pa.array([name[at] for name in changes]) for at in range(2))
    facts = pa.array([spelled(of) if of else "" for of in changes.values()])
    rows = pa.table([device, channel, facts], ["device", "channel", "facts"])
    history.insert(ENERGY_CHANNELS.name, rows.cast(ENERGY_CHANNELS.schema))


class SentChannels:
    """Notes which channels of energy devices have sent: a sum of everything counts one of each.

    Quarters are replaced before the days above them. Who asks meanwhile knows of all channels that
    it may find, for each is noted before. A history of before has its days looked through.
    """

    def __init__(self, history: Tables) -> None:
        self._history = history
        self._noted = self._there()
        if _LOOKED_BACK not in self._noted:
            channels = ", ".join(f"'{name}'" for name in CHANNELS if not CHANNELS[name].is_level)
            history.execute(_SENT_BEFORE.replace("{channels}", channels))
            self._noted = self._there()
            if self._noted:  # else there are no days, and a history without a row stays so
                self.note([_LOOKED_BACK])

    def _there(self) -> set[tuple[str, str]]:
        rows = self._history.answer(f"SELECT device, channel FROM {SENT_CHANNELS.name}", {})
        return {(row["device"], row["channel"]) for row in rows.to_pylist()}

    def note(self, names: Iterable[tuple[str, str]]) -> None:
        """Note devices and channels; durable on return."""
        new = sorted(set(names) - self._noted)
        if not new:
            return
        columns = [pa.array([name[at] for name in new], pa.string()) for at in range(2)]
        rows = pa.table(columns, ["device", "channel"])
        self._history.insert(SENT_CHANNELS.name, rows.cast(SENT_CHANNELS.schema))
        self._noted.update(new)
