"""The log in one SQLite file, for several processes of one machine: the embedded default.

log.py           all of it as a ``Log``; schema.sql has the tables
segments.py      an append as one row; walk.py finds them, around what cannot be read
catalog.py       topics and their partitions
writer.py        one writer a process, group commit
reader.py        segments from positions on
notify.py        who waits for appends, of whatever process, is woken
groups.py        members, leases, shares, fencing
maintenance.py   checkpoints, compaction and what may go (retention.py), in the background
set_aside.py     damaged appends: kept, counted, told
inspect.py       looks through all of it; repair.py makes it anew from what can be read
lost.py          a log that is gone; a new one beside a history
"""
