"""Draw the three pictures of a simulated day: the stream, alerts in demo, alerts in prod.

    python docs/images/peaks.py

Fifty realistic homes for one day, through the operator that the worker runs.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.dates import DateFormatter
from matplotlib.ticker import MaxNLocator

from energyguard.domains.household.homes import Homes
from energyguard.model.quantities import NANO
from energyguard.model.readings import batch_from
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.registry import open_book
from energyguard.stream.windows.operator import WindowOperator

HERE = Path(__file__).parent
TICK_MS = 15_000
TICKS = 5760
ACCENT, FAINT, BAD, WARN, TEXT, MUTED = (
    "#0b6b78", "#c9d3d6", "#a3211c", "#8a5a00", "#1d2329", "#5d6873"
)  # fmt: skip
START = datetime(2026, 11, 22, tzinfo=UTC)


def day() -> tuple[Homes, np.ndarray, np.ndarray]:
    """The homes, the times of the ticks, and the energies in kWh: (ticks, homes)."""
    homes = Homes(count=50, seed=1)
    time = int(START.timestamp() * 1000) + TICK_MS * np.arange(TICKS)
    values = np.asarray(homes.readings(time).column("value"))
    return homes, time, values.reshape(TICKS, homes.count) / NANO


def alerting(rule_id: str, homes: Homes, time: np.ndarray) -> np.ndarray:
    """For each tick and home: is the window that ends there over the rule's threshold?"""
    rule = open_book([], []).get(rule_id)
    windows = WindowOperator("replay.day", [rule], follow_episodes=False)
    outcomes = [windows.process(batch_from(homes.readings(part))) for part in np.split(time, 24)]
    outcomes.append(windows.advance(int(time[-1]) + 7_200_000, end=True))
    over = np.zeros((TICKS, homes.count), bool)
    for outcome in outcomes:
        for breaches in outcome.breaches:
            place = (breaches.end_ms - int(time[0])) // TICK_MS - 1
            inside = place < TICKS
            over[place[inside], breaches.key[inside]] = True
    return over


def begin(title: str, below: str) -> Axes:
    """A quiet pair of axes over the day."""
    plt.rcParams.update({"font.family": "DejaVu Sans", "font.size": 10, "text.color": TEXT})
    axes: Axes = plt.figure(figsize=(10, 4.2), dpi=110).add_subplot()
    axes.set_title(title, loc="left", fontweight="bold", pad=26)
    axes.text(0, 1.03, below, transform=axes.transAxes, color=MUTED)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(colors=MUTED, length=0)
    axes.grid(axis="y", color="#e2e5e8")
    axes.xaxis.set_major_formatter(DateFormatter("%H:%M"))
    return axes


def save(axes: Axes, name: str) -> None:
    """Write the picture."""
    axes.margins(x=0)
    axes.figure.tight_layout()  # type: ignore[union-attr]
    axes.figure.savefig(HERE / f"{name}.png")  # type: ignore[union-attr]
    plt.close("all")


def alerts(name: str, rule_id: str, over: np.ndarray, when: np.ndarray) -> None:
    """How many homes are over the threshold, through the day."""
    rule = open_book([], []).get(rule_id)
    assert isinstance(rule, ThresholdRule)
    count = over.sum(axis=1)
    top = int(count.argmax())
    axes = begin(
        f"{rule.mode}: homes over {rule.threshold} kWh in {rule.window_words}",
        f"{int(over.any(axis=0).sum())} of {over.shape[1]} homes during the day, "
        f"{int(count[top])} at once at {when[top].item():%H:%M}; {int(over.sum()):,} windows",
    )
    axes.fill_between(when, count, step="post", color=BAD, alpha=0.12, linewidth=0)
    axes.step(when, count, where="post", color=BAD, linewidth=1.4)
    axes.set_ylabel("homes", color=MUTED)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylim(0)
    save(axes, name)


def main() -> None:
    """Draw all three."""
    homes, time, kwh = day()
    when = time.astype("datetime64[ms]")
    power = kwh.sum(axis=1) * 3600 / 15
    smooth = np.convolve(np.pad(power, (10, 9), "edge"), np.ones(20) / 20, "valid")
    top = int(smooth.argmax())
    axes = begin(
        "stream: power of 50 homes",
        f"{TICKS * homes.count:,} readings, {kwh.sum():,.0f} kWh; "
        f"highest at {when[top].item():%H:%M} with {smooth[top]:,.0f} kW",
    )
    axes.plot(when, power, color=FAINT, linewidth=0.5)
    axes.plot(when, smooth, color=ACCENT, linewidth=1.6)
    axes.set_ylabel("kW", color=MUTED)
    axes.set_ylim(0)
    save(axes, "stream")
    alerts("alerts-in-demo", "household-demo", alerting("household-demo", homes, time), when)
    alerts("alerts-in-prod", "household-prod", alerting("household-prod", homes, time), when)


if __name__ == "__main__":
    main()
