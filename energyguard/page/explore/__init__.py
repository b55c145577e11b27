"""Devices, sites and groups side by side, over any span of the calendar.

view.py        the view; search.py: what can be looked at; table.py: the numbers; words.py
differences.py   when two differ; gaps.py: why something is missing
"""
