"""The page of system E's port: bars of the states, without a script; it asks again by itself."""

from __future__ import annotations

from html import escape

from energyguard.domains.regions.live.states import RegionsView, RegionView
from energyguard.domains.regions.page.words import (
    average_words,
    euros,
    group_words,
    kilowatt_hours,
    kilowatts,
    price_words,
)
from energyguard.service.views import Freshness

REFRESH_S = 10
_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.3rem; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: right; padding: .35rem .5rem; border-bottom: 1px solid #8885; }
th:first-child, td:first-child { text-align: left; } td.bar { width: 40%; }
td.bar span { display: block; height: .6rem; border-radius: .3rem; background: #378690; }
p { color: light-dark(#56616b, #a3aeb8); }
@media (max-width: 40rem) { .bar { display: none; } }
"""


def page(view: RegionsView, fresh: Freshness) -> str:
    """The page as HTML."""
    shown = [state for state in view.regions if state.power_kw is not None]
    largest = max((state.power_kw or 0 for state in shown), default=0) or 1
    rows = "".join(_row(state, largest) for state in shown)
    old = "" if fresh.live else "<p><strong>Nothing new has come for a while.</strong></p>"
    empty = "" if shown else "<p>No state can be shown yet.</p>"
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Regions – EnergyGuard</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="{REFRESH_S}"><style>{_STYLE}</style></head>
<body><main><h1>{escape(average_words(view))}</h1>{old}
<table><caption>A home on average, {escape(price_words(view))}</caption>
<thead><tr><th scope="col">State</th><td class="bar"></td><th scope="col">Power now</th>
<th scope="col">A year at this rate</th><th scope="col">Its price</th></tr></thead>
<tbody>{rows}</tbody></table>{empty}
<p>{escape(group_words(view.min_homes))}</p></main></body></html>
"""


def _row(state: RegionView, largest: float) -> str:
    share = max(0.0, state.power_kw or 0) / largest
    numbers = (
        kilowatts(state.power_kw),
        kilowatt_hours(state.year_kwh),
        euros(state.year_cost_cents),
    )
    cells = "".join(f"<td>{escape(number)}</td>" for number in numbers)
    bar = f'<td class="bar"><span style="width:{share:.1%}"></span></td>'
    return f'<tr><th scope="row">{escape(state.name)}</th>{bar}{cells}</tr>'
