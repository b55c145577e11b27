"""Draw how long each question about stations takes, from `docs/stations.csv`.

python docs/images/stations_speed.py
"""

from __future__ import annotations

import csv
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

HERE = Path(__file__).parent
P50, P95, MISSED, TEXT, MUTED = "#5b9ba3", "#b9d6d9", "#a3211c", "#1d2329", "#5d6873"
ASKED_MS = 150


def main() -> None:
    """A panel for each length of time: a bar to the median, a pale one to the 95th percentile."""
    rows = list(csv.DictReader((HERE.parent / "stations.csv").read_text().splitlines()))
    spans = list(dict.fromkeys(row["range"] for row in rows))
    plt.rcParams.update({"font.family": "DejaVu Sans", "font.size": 9.5, "text.color": TEXT})
    _, panels = plt.subplots(1, len(spans), figsize=(11, 3.8), dpi=110, sharey=True)
    right = 1.35 * max(ASKED_MS, *(float(row["p95"]) for row in rows))
    for axes, span in zip(panels, spans, strict=True):
        found = [row for row in rows if row["range"] == span]
        names = [row["question"] for row in found]
        p50, p95 = ([float(row[which]) for row in found] for which in ("p50", "p95"))
        axes.barh(names, p95, color=P95, height=0.62, label="p95")
        axes.barh(names, p50, color=P50, height=0.62, label="p50")
        axes.axvline(ASKED_MS, color=MUTED, linestyle="--", linewidth=1)
        for place, ms in enumerate(p95):
            colour = MISSED if ms > ASKED_MS else MUTED
            axes.text(ms + right * 0.02, place, f"{ms:.0f}", va="center", color=colour)
        axes.set_title(f"a {span}", loc="left", fontsize=10)
        axes.set_xlim(0, right)
        axes.set_xlabel("ms; dashed: asked for", color=MUTED)
        axes.tick_params(colors=TEXT, length=0)
        axes.spines[["top", "right", "left"]].set_visible(False)
    panels[0].invert_yaxis()
    panels[-1].legend(frameon=False, loc="lower right")
    plt.tight_layout()
    plt.savefig(HERE / "stations-speed.png")


if __name__ == "__main__":
    main()
