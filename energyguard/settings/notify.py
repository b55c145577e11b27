"""Settings of messages out of the house."""

from __future__ import annotations

from pydantic import Field

from energyguard.settings.section import Duration, Section


class NotifySettings(Section):
    """Notifications (`notifier`, `compat`)."""

    address: str = Field(
        "",
        pattern=r"^(https?://[^\s/]+(/[^\s?#]*)?)?$",
        description="Where people reach the page, such as `https://energy.example.org`: links of "
        "messages lead there. Empty: messages have no links.",
    )
    inside: bool = Field(
        False,
        description="True: messages may go to addresses inside the network (loopback, 10.…, "
        "192.168.…).",
    )
    gather: Duration = Field(
        "15s", description="So long a message waits for other alerts of its route."
    )
    report_at: str = Field(
        "07:00",
        pattern=r"^([01]\d|2[0-3]):[0-5]\d$",
        description="When reports of the day, or on Mondays of the week, before are sent, by the "
        "clock of the site.",
    )
    tries: int = Field(
        8,
        gt=0,
        le=20,
        description="How often a message is tried: after 30 s, 1 min, 2 min …, an hour at most.",
    )
    oldest: Duration = Field(
        "24h",
        description="What the log took longer ago, or (of meters) happened longer before, is of "
        "the past: nobody is told any more.",
    )

    cooldown: Duration = Field(
        "30s",
        description="A broadcast to the building monitor's door that repeats the newest of its "
        "floor and type within this time is left out (wall clock).",
    )
