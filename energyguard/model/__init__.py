"""What things are: readings, channels and units, topics, alerts. No I/O, nothing of ours imported.

readings.py    the columns of a reading, its verdicts; readings of a partition
channels.py    one table: every channel with its unit, and how it is counted over a window
topics.py      one table: every topic with its keys, clock and retention; partitions of keys
alerts.py      states of alerts, people's actions
quantities.py  fixed-point numbers, 1e-9 of a unit in an int64; durations, "15 minutes" to ms
days.py        days and hours of a zone
"""
