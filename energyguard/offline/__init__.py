"""Files in, rows out, no services: the rules over input as if it came through the system.

evaluate.py   a rule over files of readings
unusual.py    what is unlike each device's usual use
backtest.py   what rules would have raised, and found of what happened
"""
