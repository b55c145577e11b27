"""Exports of charging networks: rows of people's files become sessions, each defect said.

Files are unpacked, decoded and cut into cells by ``energyguard/files``, as all others.

columns.py    which column means what, in which unit; words.py: in thirteen languages
tables.py     a table of sessions: its units, the order of its dates, its zone, its rows
row_reader.py the cells of a row become a session; rows.py: a session with its defects
known_exports.py   networks and programs that are known by their columns
money.py, lengths.py, ratings.py   currencies, how long it took, how strong a charger is
checks.py     what is wrong with a session, by itself and beside those of its connector
reconcile.py  what may have been meant, and how sure that is
known.py      what the log has already: sessions, and names that are taken
counting.py   which sessions count: an import is undone as a whole, and counts again
importer.py   files into the log: every row is accounted for
"""
