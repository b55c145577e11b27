"""What people see of regions.

view.py   the view: a map, bars or a table, and the past; germany.json: the map's outline
words.py  a state in words and shades, for view and port
port.py, port_page.py  system E's port
"""
