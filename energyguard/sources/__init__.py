"""Where readings are born, and the border that every one of them crosses.

intake.py      the border: the only way into the log
household.py   simulated homes: system C's profile, and a realistic one
event_clock.py how fast event time runs, and where it goes on after a restart
simulate.py    homes into the log, a file or standard output
faults.py      labelled faults, with a ground-truth file
replay.py      files of any shape into the running system, or into a topic of their own
sample.py      the real appliances that ship with the package
role.py        the role `simulate`: homes and sample on one running clock
"""
