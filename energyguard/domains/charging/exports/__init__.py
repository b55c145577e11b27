"""Exports of charging networks: rows of their files become sessions, each defect said.

tables.py     a file's header and rows
layout.py     which column means what, by the spellings of its header; the network's zone
rows.py       a row becomes a session, or is refused with the reason
checks.py     what is wrong with a session, by itself and beside those of its connector
reconcile.py  what may have been meant, and how sure that is
known.py      what the log has already: sessions, and names that are taken
importer.py   files into the log: every row is accounted for
"""
