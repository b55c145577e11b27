"""How late and how often each device is: how long windows wait for it, when it is silent.

delays.py            how late each device usually is
patience.py          how long windows wait for each device
silence_tracker.py   who is quiet, by the rhythm and the delay of each
silences.py          who is silent, for the product and for rules of that kind
"""
