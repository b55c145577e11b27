"""Readings as text: lines under a header, and objects.

csv.py, json.py    what is read and written so
delimited.py       lines, a block at once, under what header_lines.py finds
json_fast_path.py  objects of one layout, a block at once
row_by_row.py      lines and objects one by one, with the reasons
lines.py           the lines of a block, in bounded memory
"""
