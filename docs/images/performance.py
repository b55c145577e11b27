"""Draw what was measured against what was asked for, from `docs/performance.csv`.

python docs/images/performance.py
"""

from __future__ import annotations

import csv
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

HERE = Path(__file__).parent
MET, MISSED, TEXT, MUTED = "#5b9ba3", "#a3211c", "#1d2329", "#5d6873"


def main() -> None:
    """A bar per figure: how many times better than asked for; below 1 it falls short."""
    rows = list(csv.DictReader((HERE.parent / "performance.csv").read_text().splitlines()))
    names = [f"{row['work']}  ({row['measured']} {row['unit']})" for row in rows]
    times = [
        float(row["target"]) / float(row["measured"])
        if row["better"] == "less"
        else float(row["measured"]) / float(row["target"])
        for row in rows
    ]
    plt.rcParams.update({"font.family": "DejaVu Sans", "font.size": 9.5, "text.color": TEXT})
    axes: Axes = plt.figure(figsize=(10, 0.42 * len(rows) + 1.2), dpi=110).add_subplot()
    axes.barh(names, times, color=[MET if t >= 1 else MISSED for t in times], height=0.62)
    axes.axvline(1, color=MUTED, linestyle="--", linewidth=1)
    for place, t in enumerate(times):
        axes.text(t * 1.04, place, f"{t:.1f}×", va="center", color=MUTED)
    axes.set_xscale("log")
    axes.set_xlim(0.2, max(times) * 1.6)
    axes.invert_yaxis()
    axes.tick_params(colors=TEXT, length=0)
    axes.set_xticks([0.5, 1, 2, 5], ["half", "as asked for", "twice", "five times"])
    axes.minorticks_off()
    axes.spines[["top", "right", "left"]].set_visible(False)
    plt.tight_layout()
    plt.savefig(HERE / "performance.png")


if __name__ == "__main__":
    main()
