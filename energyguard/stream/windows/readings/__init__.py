"""Which readings count: verdicts, held against those of the horizon.

verdicts.py          whether a reading counts; counter_steps.py: which steps of a counter are one's
recent_readings.py   the readings of the horizon; packed.py: columns in little room
numbering.py         numbers of devices, rows of each channel
"""
