"""The border that every reading crosses: detect, decode, validate, dead letters.

gateway.py        the only way of readings, and of chargers' signals, into the log
signals.py        files of signals into the running system, or into a topic of their own
replay.py         files of any shape into the running system, or into a topic of their own
charger_list.py   which chargers there are, from a file
"""
