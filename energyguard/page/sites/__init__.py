"""Home, all sites, one site, and the wall that turns by itself.

home.py        is all well, and what does it cost?
list.py        every site, as a tree; view.py: one (parts.py, form.py, table.py)
wall.py        for a screen that nobody touches
"""
