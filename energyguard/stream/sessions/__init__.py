"""Stays of cars at chargers, by event time.

operator.py           stays, timers, results; what a signal does is in bays.py
bays.py               the state machine, declared as a table
bills.py              charges that are over, held against what can be
charger_registry.py   which chargers there are, and how strong
occupancy.py, total.py   how many cars stand at all chargers, second by second
records.py            what comes of it, as records
stage.py, task.py, role.py   as a worker's stage, its partitions, its process
"""
