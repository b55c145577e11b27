"""Powers become averages over a few seconds of event time, device by device; the rest as it came.

averages.py   the operator; intervals.py sums over them, far.py: clocks that are wrong
state.py      what is known of the devices of one partition
stage.py      the same over all topics of the log, into the topic that is its outbox
"""
