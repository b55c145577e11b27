"""The edge's end of the line.

edge_end.py   what to say next; no I/O. lanes.py: what goes first; batching.py: records become
              batches; flights.py: what is in flight; redial.py: when it dials again
uplink.py     the same played: frames between it, the outbox and NNG
status.py     how the line is; report.py: what ``energyguard edge status`` says
"""
