"""Draw a week of a simulated floor with faults.

python docs/images/building_week.py
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.dates import DateFormatter, DayLocator

from energyguard.domains.building.floors import Building, new_counters
from energyguard.simulators.truth import FaultSpan

HERE = Path(__file__).parent
START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
TICK_MS, TICKS = 30_000, 7 * 2_880
ACCENT, BAD, TEXT, MUTED = "#0b6b78", "#a3211c", "#1d2329", "#5d6873"
KINDS = ("surge", "stuck_on", "night_use", "dropout", "phase_loss")
FLOOR = 2


def main() -> None:
    """Power and voltage of a floor, with what is wrong marked and named."""
    building = Building(seed=108, faults=KINDS, faults_per_week=5)
    start_ms = int(START.timestamp() * 1000)
    time_ms = start_ms + TICK_MS * np.arange(TICKS)
    values, _ = building.values(time_ms, new_counters())
    spans = [
        span for span in building.spans(start_ms, int(time_ms[-1])) if span.device == f"p{FLOOR}"
    ]
    plt.rcParams.update({"font.family": "DejaVu Sans", "font.size": 9.5, "text.color": TEXT})
    figure, (power, voltage) = plt.subplots(
        2, 1, figsize=(11, 4.6), dpi=110, sharex=True, height_ratios=(3, 1)
    )
    when = time_ms.astype("datetime64[ms]")
    power.plot(when, values.watt[:, FLOOR - 1] / 1000, color=ACCENT, linewidth=0.5)
    power.set_ylabel("kW")
    power.set_ylim(0, power.get_ylim()[1] * 1.12)
    voltage.plot(when, values.decivolt[:, FLOOR - 1] / 10, color=ACCENT, linewidth=0.5)
    voltage.set_ylabel("V")
    for axes in (power, voltage):
        mark(axes, spans, is_named=axes is power)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(colors=MUTED)
    voltage.xaxis.set_major_locator(DayLocator())
    voltage.xaxis.set_major_formatter(DateFormatter("%a %d"))
    voltage.set_xlim(when[0], when[-1])
    figure.tight_layout()
    figure.savefig(HERE / "building-week.png")


def mark(axes: Axes, spans: list[FaultSpan], is_named: bool) -> None:
    """Show where faults are."""
    for number, span in enumerate(spans):
        start, end = (np.datetime64(ms, "ms") for ms in (span.from_ms, span.to_ms))
        axes.axvspan(start, end, color=BAD, alpha=0.18, linewidth=0.8)  # type: ignore[arg-type]
        if is_named:
            at = axes.get_ylim()[1] * (0.99 - 0.06 * (number % 2))
            axes.text(start, at, span.kind, color=BAD, va="top", fontsize=8.5)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
