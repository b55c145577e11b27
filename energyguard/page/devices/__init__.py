"""One device of any kind, all of them, and a new one.

list.py        every device; add.py: a new one
view.py        one: parts.py puts tiles.py, hours.py, readings.py, limit_bars.py … together
about.py       its name, place and channels (channels.py), edited in place; form.py: their fields
"""
