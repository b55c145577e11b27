"""What is unusual for a device: slot by slot, learned of the device alone.

cohort.py     devices of one zone and slot length, stepped through time together; begin here
state.py      what is kept of a device: one table of rows
slots.py      the clock: slots, local hours
windows.py    the last hours, and what windows over them hold
evidence.py   how unlike its usual use a slot is: numbers without a unit
learning.py   what is learned of a slot
scores.py     additive tables over evidence, and how rare a score is; the parameter file
alerts.py     from hot slots to alerts
calm.py       what is rarer for a calm device
rises.py      how long a base load stands above usual, against the longest remembered
highest.py    what is like no kind, against the highest of its like that is remembered
detector.py   all of it together: slots in, alerts out
text.py       the sentence of an alert
grid.py       ledger entries as slots
running.py    readings as they come into slots that are over
open_slots.py what slots hold that are not
periods.py    the period that runs, and what it will have had at its end

It knows no log, no clock and no file ([decision 0029](../../docs/decisions/0029-unusual.md)).
"""
