"""A node: its rows in one file, and what it answers.

node_storage.py  its rows; writer.py: what changes them, and the sums of each bucket with them
cache.py         rows that were read lately
replica.py       its answers; repair.py: making replicas equal (state machines without I/O)
handover.py      what nodes that were away have still to be told
member.py        the three together: what a shard does
shard.py         a node as a process
"""
