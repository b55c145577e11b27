"""The cloud's end of all lines.

cloud_end.py  what to append, what to answer; no I/O. peers.py: who is there; holding.py: what is
              held of an edge; branches.py: and of its other disks
arrivals.py   what came, as the log gets it; placing.py: where its devices stand
line_alerts.py   alerts of the lines themselves
"""
