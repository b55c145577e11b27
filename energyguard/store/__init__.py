"""Current state, on several nodes: what each device said last, and any key that a user puts.

A row is a fact that replicas can miss and never disagree on; see
``docs/decisions/0008-replicated-store.md`` for what is built, and what is not yet.

version.py   which row wins; the clock that makes a user's versions
row.py       rows
ring.py      slots, their owners, and the next table of owners
shelf.py     the rows of one node in one file
"""
