"""An edge and the cloud, as settings: the two ends of a line."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from energyguard.settings.section import Duration, Section


class EdgeSettings(Section):
    """An edge: what a box in the field measures, and its line to the cloud (the role `edge`)."""

    cloud: str = Field(
        "", description="The cloud's link: `tls+tcp://HOST:PORT`. Empty: `up` plays no edge."
    )
    data_dir: Path | None = Field(
        None,
        description="Where an edge keeps its log, which is its outbox, and its certificate; "
        "default: `<data_dir>/edge`.",
    )
    source: str = Field(
        "",
        description="A log whose `power_topic` it takes, such as `kafka://HOST:PORT`; empty: its "
        "own alone.",
    )
    prefix: str = Field(
        "",
        pattern=r"^[A-Za-z0-9._-]{0,64}$",
        description="What its devices' names begin with in the cloud.",
    )
    average: Duration = Field(
        "5s", description="Powers are averaged over this (event time), at most a minute."
    )
    longest_gap: Duration = Field(
        "15s", description="A power holds until the next reading, for at most this long."
    )
    lateness: Duration = Field(
        "3s", description="How long an average waits for readings out of order (event time)."
    )
    live: Duration = Field(
        "1m", description="What is older when a line is there again is backlog: it goes behind."
    )
    keep: Duration = Field("24h", description="How long what the cloud has acknowledged stays.")
    outbox_bytes: int = Field(
        2**31, gt=0, description="What waits for the line may take so many bytes of disk."
    )
    full: Literal["block", "thin"] = Field(
        "block",
        description="When it does: `block` takes nothing more; `thin` merges the oldest averages "
        "into minutes and keeps their energy.",
    )
    heartbeat: Duration = Field("3s", description="How often both ends say that they are there.")
    silent: Duration = Field("15s", description="An end not heard for this long is gone.")
    rules: tuple[str, ...] = Field(
        ("floor-volt", "floor-volt-low"),
        description="The ids of the rules that do not wait for the line.",
    )


class CloudSettings(Section):
    """The other end of the edges' lines (the role `cloud`)."""

    listen: str = Field(
        "",
        description="Where edges connect: `HOST:PORT`, such as `0.0.0.0:5556`. Empty: `up` plays no"
        " cloud.",
    )
    flight: int = Field(
        16, gt=0, le=1024, description="Batches of an edge that may be on their way at once."
    )
    silent: Duration = Field(
        "1m", description="An edge not heard for this long (wall clock) is an alert."
    )
    clock_offset: Duration = Field(
        "1m", description="A clock of an edge that is off by more than this is an alert."
    )
