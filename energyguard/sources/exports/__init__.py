"""Exports of charging networks: rows of their files become sessions, each defect said.

layout.py     which column means what, by the spellings of its header; the network's zone
times.py      dates in the format that the data show, local time with its summer time
rows.py       a row becomes a session, or is refused with the reason
checks.py     what is wrong with a session, by itself and beside those of its connector
reconcile.py  what may have been meant, and how sure that is
importer.py   files into the log: every row is accounted for
"""
