"""What views are made of, whatever they are about.

components.py  tag, card, tile, button, ranking, table
icons.py       drawings of one line each
controls.py    chips, tabs, sheets; forms.py: fields of the browser's own, one message for all
plots.py       charts, drawn by plots/*.js in the colours of static/tokens.css
charts.py      what charts of sums draw: bars, ranges, hours with readings
"""
