"""Alerts that late or corrected readings make or unmake.

The worker tells a window once, and counts no reading that comes after. The history counts it. This
folder holds the alerts of the time that such readings touch against those that all readings in
order would have made, and tells the difference: events that are *restated*.

    touched.py      the time that late readings touch, by device and channel
    replayed.py     the alerts that a device's readings make in order, by the stream's own operator
    comparison.py   alerts there are against alerts there would be: what is to tell
    restater.py     the role's loop: waits for the history, compares, appends, commits
"""
