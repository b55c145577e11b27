"""Parking sessions at chargers, by event time.

operator.py           parking sessions, timers, results; what a signal does is in bays.py
bays.py               the state machine, declared as a table
effects.py            times that will be up; charges that are over, held against what can be
signals.py            signals decoded, held against who is listed, and those that are far ahead
occupancy.py, total.py   how many cars stand at all chargers, second by second
records.py            what comes of it, as records
stage.py, role.py     as a worker's stage with its partitions, its process
"""
