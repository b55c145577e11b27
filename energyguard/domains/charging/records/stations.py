"""Records of stations: chargers that there are, what each bay is now, what was imported."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

from energyguard.domains.charging import topics
from energyguard.domains.charging.records.results import CHARGES_TABLE, STAYS_TABLE
from energyguard.history.corrections.corrected_tables import IMPORT_RECORDS
from energyguard.records.contract import TopicRecord, doc
from energyguard.records.tables import MAYBE_TIME, NAME, TIME, HistoryTable, RowMapping, TableColumn

DEFAULT_NETWORK = "default"
"""Whose sessions are of which nobody has said it."""
_FIRST_NETWORKS = ("dundee", "elaad")  # that imports knew before sessions had a network
_DIGEST = re.compile(r"[0-9a-f]{18}")  # their id of a row that told none
_WITHOUT_EVENT = re.compile(r"//\d+/\d+(/\d+)?$")


class Charger(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A charger that there is."""

    charger: str
    station: Annotated[str, doc("Several chargers may stand at one.")]
    latitude: Annotated[float | None, doc("WGS 84.", "degrees")] = None
    longitude: Annotated[float | None, doc("WGS 84.", "degrees")] = None
    rating_kw: Annotated[float | None, doc("What it gives at the most.", "kW")] = None
    topic: Annotated[str, doc("Where its signals come; empty: it sends none.")] = ""
    network: Annotated[str, doc("Whose export told of it; empty: none, or an old record.")] = ""
    currency: Annotated[
        str, doc("Of its prices, ISO 4217; empty: as the setting `charging.currency` says.")
    ] = ""


class BayNow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a charger's bay looks like; times in seconds since 1970 UTC."""

    charger: str
    topic: Annotated[str, doc("The topic of its signals.")]
    state: Annotated[str, doc("free, parked, connected, charging, charged, unplugged.")]
    since: Annotated[int, doc("When it became so.", "s")]
    stay: Annotated[str, doc("The id of the stay that is under way.")] = ""
    start_parking: Annotated[int | None, doc("", "s")] = None
    start_recharging: Annotated[int | None, doc("", "s")] = None
    end_recharging: Annotated[int | None, doc("", "s")] = None
    power_kw: Annotated[int | float | None, doc("", "kW")] = None
    price: Annotated[int | float | None, doc("", "1e-4 of the currency/kWh")] = None
    violation: Annotated[str, doc("The newest one of this stay.")] = ""


class Imported(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A session of an export; times in seconds since 1970 UTC."""

    id: Annotated[str, doc("The same session imported again has the same.")]
    source: Annotated[str, doc("The network; of an old record: of which export.")]
    charger: Annotated[str, doc("With the connector, where a charger has several.")]
    station: str
    start_parking: Annotated[int, doc("", "s")]
    end_parking: Annotated[int, doc("", "s")]
    start_recharging: Annotated[int | None, doc("", "s")] = None
    end_recharging: Annotated[int | None, doc("", "s")] = None
    user: str = ""
    energy: Annotated[int, doc("", "1e-9 kWh")] = 0
    cents: Annotated[int | None, doc("What was paid; null: not known.", "0.01 of the currency")] = (
        None
    )
    to_whole: Annotated[
        int, doc("With the cents: what was paid in whole units.", "0.001 of the currency")
    ] = 0
    to_thousandth: Annotated[
        int, doc("With the cents: what was paid in thousandths.", "0.001 of the currency")
    ] = 0
    quality: Annotated[str, doc("`complete`, or its defects.")] = "complete"
    network: Annotated[str, doc("Whose it is; empty: an old record.")] = ""
    revision: Annotated[int, doc("Of records with one id the highest counts, then the last.")] = 0
    withdrawn: Annotated[int, doc("1: no import that counts brought it; there is none.")] = 0
    import_id: Annotated[str, doc("Which import told it so; empty: none did, or an old one.")] = ""
    import_sessions: Annotated[
        int, doc("1: the import's first record of this session; 0: it told it before.")
    ] = 0
    import_file: Annotated[str, doc("The names of its files.")] = ""
    import_by: Annotated[str, doc("Who brought them.")] = ""
    import_ms: Annotated[int, doc("When, wall time.", "ms")] = 0

    @property
    def whose(self) -> str:
        """The network; that of an old record as a new import of the same file has it."""
        return self.network or network_before(self.source)

    @property
    def identity(self) -> str:
        """The id; that of an old record as a new import of the same row has it."""
        event = self.id.removeprefix(f"{self.source}/")
        if self.network or event == self.id:
            return self.id
        charger = "" if self.charger == self.station else self.charger
        times = self.start_parking, self.end_parking
        return session_id(self.whose, charger, event_before(event), *times, self.energy)

    @property
    def is_charged(self) -> bool:
        """Whether there is a charge: energy, or an amount that was paid."""
        return bool(self.energy) or self.cents is not None

    @property
    def charge_start(self) -> int:
        """When the charge began, as far as it is known; s."""
        return self.start_parking if self.start_recharging is None else self.start_recharging

    @property
    def charge_end(self) -> int | None:
        """When it ended, where its beginning is known; s."""
        return None if self.start_recharging is None else self.end_recharging

    @property
    def charge_id(self) -> str:
        """The id of the charge."""
        return f"{self.identity}/{self.charge_start}"

    @property
    def first_ms(self) -> int:
        """When the car came, ms since 1970 UTC."""
        return self.start_parking * 1_000

    @property
    def last_ms(self) -> int:
        """When it left, ms since 1970 UTC."""
        return self.end_parking * 1_000

    @property
    def paid_cents(self) -> int:
        """What was paid, 0 where nobody knows."""
        return self.cents or 0


def session_id(
    network: str, charger: str, event: str, start: int, end: int | None, energy: int
) -> str:
    """Who a session of an export is: network, charger, the network's id of it, and its start.

    Where the export has no ids, the end stands for it; where it has no chargers either, end and
    energy.
    """
    parts = [network, charger, event, str(start)]
    if not event:
        parts += [str(end)] if charger else [str(end), str(energy)]
    return "/".join(parts)


def event_of(id_: str) -> str:
    """What is left of a session's id without its start; empty: the export has no ids."""
    return "" if "//" in id_ and _WITHOUT_EVENT.search(id_) else id_.rpartition("/")[0]


def network_before(source: str) -> str:
    """Whose an export is that was imported before networks were noted."""
    return source if source in _FIRST_NETWORKS else DEFAULT_NETWORK


def event_before(event: str) -> str:
    """The network's id of a session in an id of before; empty: a digest stood for it."""
    return "" if _DIGEST.fullmatch(event) else event


STANDING_TABLE = HistoryTable(
    "standing",
    "Cars that stand at a charger now: `energyguard.bays`. Of several rows the newest counts.",
    (
        TableColumn("charger", "String"),
        TableColumn("source", NAME, "the topic of its signals"),
        TableColumn("since", TIME, "when its state changed"),
        TableColumn("start_parking", MAYBE_TIME, "when the car came; null: none is there"),
    ),
    order_by="charger",
    version="since",
)
CHARGERS_TABLE = HistoryTable(
    "chargers",
    "The chargers that there are: `energyguard.chargers`; of several rows the last one counts.",
    (
        TableColumn("charger", "String"),
        TableColumn("station", "String"),
        *(
            TableColumn(name, "Nullable(Float64)")
            for name in ("latitude", "longitude", "rating_kw")
        ),
        TableColumn("topic", "String"),
    ),
    order_by="charger",
)

BAY = TopicRecord(
    topics.BAYS, BayNow, "charger", tables=(RowMapping(STANDING_TABLE, {"source": "topic"}),)
)
CHARGER = TopicRecord(topics.CHARGERS, Charger, "charger", tables=(RowMapping(CHARGERS_TABLE),))
_WHOSE = {"source": "whose"}
IMPORTED_SESSION = TopicRecord(
    topics.IMPORTED,
    Imported,
    "charger",
    tables=(
        RowMapping(STAYS_TABLE, _WHOSE | {"id": "identity"}),
        RowMapping(
            CHARGES_TABLE,
            _WHOSE
            | {
                "id": "charge_id",
                "stay": "identity",
                "start": "charge_start",
                "end": "charge_end",
                "cents": "paid_cents",
            },
            only_if="is_charged",
        ),
        RowMapping(
            IMPORT_RECORDS,
            {
                "topic": "#topic",
                "partition": "#partition",
                "offset": "#offset",
                "file": "import_file",
                "by": "import_by",
                "at_ms": "import_ms",
                "readings": "import_sessions",
            },
            only_if="import_id",
        ),
    ),
)
