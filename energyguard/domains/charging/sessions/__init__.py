"""Parking sessions at chargers, by event time.

operator.py           the chargers of a partition: what waits, what is over, what is late
bays.py, steps.py     the state machine, declared as a table; what happens on the way
bay.py                one charger, with its newest signals
saved.py, old_form.py a snapshot; as it once was
timers.py, effects.py   times that are up; charges that are over, held against what can be
silences.py           chargers from which nothing comes any more
restate.py, results.py   what a late signal makes of what was written without it
refold.py, naming.py     signals folded anew; under which ids their results are written
signals.py            signals decoded, held against who is listed, and those that are far ahead
occupancy.py, total.py   how many cars stand at all chargers, second by second
records.py            what comes of it, as records
quiet.py              what time it is where nothing comes
stage.py, role.py     as a worker's stage with its partitions, its process
"""
