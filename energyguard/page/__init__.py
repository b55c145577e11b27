"""The control room: views over the service, mounted at ``/`` beside the API.

views.py        the views that there are: path, title, icon, builder
context.py      a view's place, and one open page of it
layout.py       rail, skip links, what every open page has
header.py       title, range, how fresh it all is, whether it is simulated
overview.py     how much, how fast, who, when
devices.py      every device; device.py: one of any kind
alerts.py       when, which, why (``alert_detail.py``), the rules (``rules_card.py``)
quality.py      how every reading ended
cluster.py      the nodes of the store (``node_rows.py``), where it is a ring
components.py   tag, card, tile, button, ranking, table
series_chart.py a channel over time; rule_chart.py: windows against a rule
plots.py        charts; drawn by ``plots/*.js`` in the colours of ``static/tokens.css``
page_cache.py   what all open pages share, so that a hundred cost what one does
formatting.py   how numbers, times and alerts read
"""

from __future__ import annotations

from energyguard.page.mount import mount

__all__ = ["mount"]
