"""One frozen settings tree; ``layers.py`` puts it together from file, variables and options.

Every field has a default and a sentence that ``docs/settings.md`` and ``config show`` print.
Durations are text such as ``15s`` or ``10 minutes`` (``model/quantities.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field
from pydantic.fields import FieldInfo

from energyguard import limits
from energyguard.model.quantities import parse_duration
from energyguard.settings.backup import COPIES, BackupSettings
from energyguard.settings.charging import ChargingSettings
from energyguard.settings.edge import CloudSettings, EdgeSettings
from energyguard.settings.ledger import LedgerSettings
from energyguard.settings.mqtt import MqttSettings
from energyguard.settings.notify import NotifySettings
from energyguard.settings.poll import PollSettings
from energyguard.settings.prices import PriceSettings
from energyguard.settings.regions import RegionsSettings
from energyguard.settings.restate import RestateSettings
from energyguard.settings.section import Duration, Section, Zone


class LogSettings(Section):
    """The log (`log`)."""

    url: str = Field("", description="Where the log is; empty: `sqlite:///<data_dir>/log.db`.")
    session_timeout: Duration = Field(
        "10s", description="A member of a group silent for this long loses its partitions."
    )
    kafka: dict[str, str] = Field(
        {},
        description="Properties for the clients of Kafka, as librdkafka names them: log-in, TLS.",
    )


class WireSettings(Section):
    """The border (`wire`)."""

    plausible_kwh: float = Field(
        100.0,
        gt=0,
        description="An interval energy above this many kWh, either sign, is out of range.",
    )
    plausible_kw: float = Field(
        10_000.0, gt=0, description="A power above this many kW, either sign, is out of range."
    )
    mappings: tuple[Path, ...] = Field(
        (),
        description="Mapping files (TOML): which device and channel names that senders use mean.",
    )


class StreamSettings(Section):
    """The worker (`stream`)."""

    lateness: Duration = Field("10m", description="How long a window waits for late readings.")
    ahead_wall: Duration = Field(
        "5m", description="Topics with clock `wall`: later than the append by more is ahead."
    )
    ahead_data: Duration = Field(
        "1h", description="Topics with clock `data`: further beyond two devices' time waits."
    )
    idle: Duration = Field(
        "1m", description="A partition silent for this long (wall clock) gets its time written."
    )
    silent: Duration = Field(
        "5m",
        description="A device at least this far behind its partition (event time), and three of"
        " its own usual steps, beyond what it is usually late, is silent: `unknown`.",
    )
    snapshot: Duration = Field("30s", description="How often operators save their state.")
    poll_readings: int = Field(
        65_536, gt=0, description="About how many readings a worker takes at once."
    )


class RulesSettings(Section):
    """The rules (`detect`)."""

    files: tuple[Path, ...] = Field((), description="Your own rule files (TOML), beside ours.")
    use: tuple[str, ...] = Field(
        (
            *("household-prod", "floor-kw", "floor-amp", "floor-volt", "floor-volt-low"),
            "floor-dkwh",
            *("pattern-kw", "pattern-volt"),
            *("power-agrees", "counter-agrees", "none-frozen"),
        ),
        description="The ids of the rules that run from the start.",
    )
    holidays: tuple[str, ...] = Field(
        (),
        description="Days that are as Sundays for what is usual: `2026-04-06`, `12-24` of every "
        "year, or all public holidays of a country or its part (ISO 3166), `IT`, `DE-BY`.",
    )


class HistorySettings(Section):
    """The history (`history`)."""

    host: str = Field("127.0.0.1", description="Where the history answers ClickHouse's HTTP.")
    port: int = Field(8401, ge=0, le=65535, description="The port of it.")
    flush: Duration = Field("5s", description="Rows wait for at most this long to be inserted.")
    parquet_alerts: str = Field(
        "",
        description="A folder, or an address (`s3://BUCKET/FOLDER`): alerts are also kept there "
        "as Parquet, a file a day.",
    )


class StoreSettings(Section):
    """The store of current state, as the role `ingestor` fills it (`store`, `ingest`)."""

    url: str = Field(
        "",
        description="Where the store is: `sqlite:///PATH`, `ring://HOST:PORT,…`, "
        "`valkey://HOST:PORT`. Empty: `up` plays no ingestor, and the role's own store is "
        "`<data_dir>/store.db`.",
    )


class ServeSettings(Section):
    """The API and the page (`serve`, `ui`)."""

    host: str = Field("127.0.0.1", description="The address to listen on.")
    port: int = Field(8400, ge=0, le=65535, description="The port to listen on.")
    auth: bool = Field(True, description="False: no log-in, on loopback only, for trials.")
    body_limit: int = Field(
        limits.BODY_BYTES, gt=0, description="The largest body of a request, bytes."
    )
    rate_limit: float = Field(
        limits.REQUESTS_A_SECOND,
        gt=0,
        description="Requests a second of one token, over ten seconds.",
    )
    connections: int = Field(
        limits.CONNECTIONS,
        gt=0,
        description="Connections at once; fewer where the process may open fewer files.",
    )
    streams: int = Field(
        limits.STREAMS, gt=0, description="Open pages, and live streams, at once: so many of each."
    )
    new_devices: int = Field(
        limits.NEW_DEVICES_AN_HOUR,
        gt=0,
        description="Device names never sent before that one token may send in an hour.",
    )
    session: Duration = Field("12h", description="How long a log-in of the page lasts.")
    zone: Zone = Field(
        "UTC",
        description="The time zone (IANA) of the page's times, days and hours, and of rules with "
        "local hours (`profile`, `unusual`, `demand`), where no site says another.",
    )
    names: bool = Field(
        False, description="True: plates and users of chargers as they are, not pseudonyms."
    )


class SimulateSettings(Section):
    """The simulators (`sources`)."""

    households: int = Field(50, gt=0, description="How many homes.")
    tick_seconds: int = Field(15, gt=0, description="Event time between two readings of a home.")
    speedup: float = Field(30.0, gt=0, description="The event clock runs this much faster.")
    jitter_pct: float = Field(10.0, ge=0, le=100, description="Random spread of a reading, ±%.")
    profile: Literal["realistic", "listed"] = Field(
        "realistic", description="`listed`: every home follows the same table of the day."
    )
    seed: int = Field(1, description="The same seed gives the same readings.")
    sample: bool = Field(True, description="Also replay the real appliances of the package.")
    floors: int = Field(3, gt=0, le=999, description="How many floors of a building.")
    floor_seconds: int = Field(30, gt=0, description="Event time between two readings of a floor.")
    floor_shape: Literal["day", "plain"] = Field(
        "day",
        description="`day`: offices, by the clock of `serve.zone`; `plain`: system A's random "
        "walk, the same at all hours.",
    )
    holidays: str = Field(
        "IT",
        pattern=r"^([A-Z]{2})?$",
        description="The country (ISO 3166) on whose public holidays nobody works; empty: none.",
    )
    floor_delta: bool = Field(
        False, description="Floors also say by how much the counter has risen (`delta_kwh`)."
    )
    floor_faults: str = Field(
        "", description="Faults of floors: `all`, or some of them, as `surge,gap`; empty: none."
    )
    floor_faults_per_week: float = Field(
        0.5, gt=0, le=7, description="How many faults a floor has in a week."
    )
    chargers: int = Field(100, gt=0, description="How many chargers.")
    region: str = Field(
        "",
        pattern=r"^[A-Za-z0-9._-]{0,100}$",
        description="Signals of chargers go to `charger-station-signals.REGION`; empty: to "
        "`charger-station-signals`.",
    )
    homes: Path | None = Field(
        None,
        description="A folder of system E's household files (2 s): the homes of the scenario "
        "`regions`, played as of now, again and again. Empty: simulated ones.",
    )
    region_homes: int = Field(
        50, gt=0, le=1_000, description="How many homes the scenario `regions` simulates."
    )
    pace: Literal["scaled", "real"] = Field(
        "scaled",
        description="`scaled`: a charge takes seconds for minutes; `real`: as long as it takes "
        "(then `charging.hour` is `1h`, and the limits are 60 times as long).",
    )


class Settings(Section):
    """The whole tree."""

    data_dir: Path = Field(Path("energyguard-data"), description="Where everything is kept.")
    group_readable: bool = Field(
        False,
        description="True: the group of the data folder may read it. Otherwise its owner alone.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="What the log of the program says."
    )
    log: LogSettings = LogSettings()
    wire: WireSettings = WireSettings()
    stream: StreamSettings = StreamSettings()
    ledger: LedgerSettings = LedgerSettings()
    rules: RulesSettings = RulesSettings()
    backup: BackupSettings = BackupSettings()
    history: HistorySettings = HistorySettings()
    restate: RestateSettings = RestateSettings()
    store: StoreSettings = StoreSettings()
    mqtt: MqttSettings = MqttSettings()
    poll: PollSettings = PollSettings()
    notify: NotifySettings = NotifySettings()
    edge: EdgeSettings = EdgeSettings()
    cloud: CloudSettings = CloudSettings()
    regions: RegionsSettings = RegionsSettings()
    charging: ChargingSettings = ChargingSettings()
    prices: PriceSettings = PriceSettings()
    serve: ServeSettings = ServeSettings()
    simulate: SimulateSettings = SimulateSettings()

    @property
    def log_url(self) -> str:
        """The log's address with the default filled in."""
        return self.log.url or f"sqlite:///{self.data_dir / 'log.db'}"

    @property
    def backup_dir(self) -> Path:
        """Where copies lie for which nobody names another place."""
        return self.backup.to or self.data_dir / COPIES

    @property
    def store_url(self) -> str:
        """The store's address with the default filled in."""
        return self.store.url or f"sqlite:///{self.data_dir.absolute() / 'store.db'}"

    @property
    def edge_dir(self) -> Path:
        """Where an edge keeps its log."""
        return self.edge.data_dir or self.data_dir / "edge"

    @property
    def edge_log_url(self) -> str:
        """The address of an edge's own log."""
        return f"sqlite:///{self.edge_dir / 'log.db'}"

    @property
    def session_s(self) -> float:
        """``log.session_timeout`` in seconds."""
        return parse_duration(self.log.session_timeout) / 1000


def fields(tree: type[BaseModel] = Settings, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every setting by its dotted name, in the tree's order."""
    for name, field in tree.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            yield from fields(kind, f"{prefix}{name}.")
        else:
            yield prefix + name, field
