"""The control room: views over a service, mounted at ``/`` beside the API.

layout.py       rail, skip links, what every open page has
header.py       title, range, how fresh it all is, whether it is simulated
overview.py     how much, how fast, who, when
households.py   one against its threshold, all in a ranking, what comes in
alerts.py       when, which, why (``alert_detail.py``), the rules (``rules_card.py``)
quality.py      how every reading ended
cluster.py      the nodes of the store (``node_rows.py``), where it is a ring
components.py   tag, card, tile, button, bar
plots.py        charts; drawn by ``plots/*.js`` in the colours of ``static/tokens.css``
cache.py        what all open pages share, so that a hundred cost what one does
formatting.py   how numbers, times and alerts read
"""

from __future__ import annotations

from energyguard.page.mount import mount

__all__ = ["mount"]
