"""What things are: readings, channels and units, topics, alerts. No I/O, nothing of ours imported.

readings.py   the columns of a reading, its verdicts
channels.py   one table: every channel with its unit and how it adds up
measures.py   how a channel is counted over a window
topics.py     one table: every topic with its keys, clock and retention
alerts.py     alert events, states, people's actions
duration.py   "15 minutes", "15m", "PT15M" to milliseconds and back
fixed.py      fixed-point numbers: 1e-9 of a unit in an int64
"""
