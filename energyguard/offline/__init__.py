"""Files in, rows out, no services: the rules over input as if it came through the system.

evaluate.py   a rule over files of readings
"""
