"""Whoever serves clients: rounds of requests to the nodes, and what they come to.

coordinator.py   who asks, and when enough have replied (a state machine without I/O)
operations.py    reading and writing, as rounds; keeping.py: durable on enough disks
hints.py         rows for nodes that did not answer
cluster.py       forming and changing a cluster, as rounds
clearing.py      taking away what is deleted or over
"""
