"""What is so now: a fold of the log's newest records.

live.py        the fold; follow.py: how it reads; devices.py, readings.py: newest readings
updates.py, subscribers.py: who is told; reports.py: what the stages say of themselves
"""
