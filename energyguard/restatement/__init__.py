"""Alerts that late or corrected readings make or unmake.

The worker tells a window once, and counts no reading that comes after. The history counts it. This
folder holds the alerts of the time that such readings touch against those that all readings in
order would have made, and tells the difference: events that are *restated*.

    changed.py      the time that late or corrected readings change, by device and channel
    located.py      what only the history knows of it: where readings lie, what goes on
    subject.py      whose alerts: a device's, or those of a sum of devices
    pieces.py       readings as the history has them, so much at a time as fits into memory
    replayed.py     the alerts that readings make in order, by the stream's own operators
    comparison.py   alerts there are against alerts there would be: what is to tell
    judge.py        one such time judged: as much around it as its alerts reach, then compared
    restater.py     the loop: waits for the history, judges, appends, commits
    role.py         the roles `restate` and `restate-past`
"""
