"""The control room: views over the service, mounted at ``/`` beside the API.

views.py        the views that there are: path, title, icon, builder
context.py      a view's place, and one open page of it
layout.py       rail, skip links, what every open page has
header.py       title, range, how fresh it all is, whether it is simulated
home.py         is all well, and what does it cost?
explore.py      devices, sites, groups side by side over a span of the calendar (``spans.py``)
devices.py      every device; device.py: one of any kind (``device_*.py``); add_device.py: a new one
alerts.py       the list (``alert_list.py``), one story (``alert_detail.py``), what is silenced
rules.py        what is watched, at which limits (``rules_card.py``)
data.py         what is missing, what was refused, files, and the engine's details
key_help.py     the keys; ``static/keys.js`` is what they do
cluster.py      the nodes of the store (``node_rows.py``), where it is a ring
components.py   tag, card, tile, button, ranking, table
series_chart.py a channel over time; rule_chart.py: windows against a rule
forms.py        fields of the browser's own, one message for all
plots.py        charts; drawn by ``plots/*.js`` in the colours of ``static/tokens.css``
charts.py       what charts of sums draw: bars, ranges, hours with readings
page_cache.py   what all open pages share, so that a hundred cost what one does
formatting.py   how numbers, times and alerts read
"""

from __future__ import annotations

from energyguard.page.mount import mount

__all__ = ["mount"]
