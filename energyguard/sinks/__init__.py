"""What the log says, where it is kept: the current state in a store, everything in the history.

Two consumer groups, ``ingestor`` and ``history``: they need no other stage, and none needs them.

store_rows.py     records of the log as rows of the store, under system A's keys
ingestor.py       writes them, and commits its positions after the store has them
history_rows.py   readings as rows of the history; record_rows.py: all records that are JSON
archive.py        inserts them; roll-ups follow, and then its positions
corrector.py      what people say of readings, applied to its rows
refill.py         what the history has lost, read again from the log
…_role.py         the roles: ingestor; history, which opens the engine and its door
"""
