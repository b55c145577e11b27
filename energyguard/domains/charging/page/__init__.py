"""Stations on the page.

view.py            all of them: bay_grid.py has the wall, station_table.py the months
station_day.py     one by itself; timeline.py: what happened, in lanes
charger.py         a charger's own page, and what it does now in lists of devices
"""
