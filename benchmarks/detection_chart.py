"""Draw what detectors find at every budget, and how soon the first of them sees faults.

``benchmarks.detection --plot FOLDER`` makes ``detection-budgets.png`` and ``detection-delays.png``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from benchmarks.detection_protocol import Scored, Streams, found, threshold

BUDGETS: Final = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
DELAYS_AT: Final = 0.5
DELAYS_H: Final = (0.25, 1, 4, 12, 24, 48, 96)
COLOURS: Final = ("#1f6f7a", "#c98a3c", "#8a7aa8", "#7a8b5a", "#b5585c", "#5d6873", "#9aa5ad")
MARKS: Final = "osD^vPX"
TEXT, MUTED = "#1d2329", "#5d6873"


def draw(streams: Streams, scored: Sequence[Scored], folder: Path) -> None:
    """Draw both pictures; delays are those of the first of ``scored``."""
    plt.rcParams.update({"font.family": "DejaVu Sans", "font.size": 9.5, "text.color": TEXT})
    _budgets(streams, scored, folder / "detection-budgets.png")
    _delays(streams, scored[0], folder / "detection-delays.png")


def _budgets(streams: Streams, scored: Sequence[Scored], file: Path) -> None:
    """Precision and recall by how many alerts of a home and week are allowed."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), dpi=100, sharey=True)
    for n, of in enumerate(scored):
        held = [
            found(of.faulty, streams, threshold(of.clean, streams, b, of.nats), of.nats).caught
            for b in BUDGETS
        ]
        style = {
            "color": COLOURS[n % 7],
            "marker": MARKS[n % 7],
            "ms": 4,
            "lw": 2 if of.nats else 1,
        }
        left.plot(BUDGETS, [each.precision for each in held], label=of.name, **style)
        right.plot(BUDGETS, [each.recall for each in held], label=of.name, **style)
    for axes, title in ((left, "precision"), (right, "recall")):
        _plain(axes, title, "alerts of a home and week that are allowed", BUDGETS)
    figure.legend(*left.get_legend_handles_labels(), loc="lower center", ncols=4, frameon=False)
    figure.tight_layout(rect=(0, 0.14, 1, 1))
    _save(figure, file)


def _delays(streams: Streams, of: Scored, file: Path) -> None:
    """The share of each kind's faults that was found within a time."""
    level = threshold(of.clean, streams, DELAYS_AT, of.nats)
    held = found(of.faulty, streams, level, of.nats).caught
    figure, axes = plt.subplots(figsize=(7.5, 3.6), dpi=100)
    for n, kind in enumerate(dict.fromkeys(held.kind)):
        delay_h = np.nan_to_num(held.of_kind(kind).delay_min / 60, nan=np.inf)
        steps = np.geomspace(DELAYS_H[0], DELAYS_H[-1], 200)
        share = (delay_h <= steps[:, None]).mean(axis=1)
        axes.plot(steps, share, color=COLOURS[n], lw=1.6, label=kind.replace("_", " "))
    title = f"faults found so many hours after they began, {DELAYS_AT} alerts a home and week"
    _plain(axes, title, "hours", DELAYS_H)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    figure.tight_layout()
    _save(figure, file)


def _plain(axes: Axes, title: str, below: str, ticks: Sequence[float]) -> None:
    axes.set_xscale("log")
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_ylim(0, 1.02)
    axes.set_title(title, loc="left", fontsize=9.5, color=TEXT)
    axes.set_xlabel(below, color=MUTED)
    axes.grid(color="#e6e9ec", lw=0.7)
    axes.tick_params(colors=TEXT, length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _save(figure: plt.Figure, file: Path) -> None:
    figure.savefig(file)
    plt.close(figure)
