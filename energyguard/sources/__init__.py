"""Where readings are born, and the border that every one of them crosses.

intake.py       the border: the only way into the log
household.py    simulated homes: system C's table of the day, and a realistic one
habits.py       the realistic one: sizes, hours, heat pumps, cars
noise.py        random numbers that depend on nothing but seed, home and time
event_clock.py  how fast event time runs, and where it goes on after a restart
simulate.py     what to simulate; its lines into a file or standard output
lines.py        those lines, fast
ticker.py       ticks that are sent when they are due, at a pace, until an end
feed.py         simulated homes into the log
building.py     a simulated building of three floors: system A's
counters.py     what its counters show, kept over restarts
building_feed.py   the building into the log, or its records into a file
faults.py       labelled faults, with a ground-truth file
replay.py       files of any shape into the running system, or into a topic of their own
sample.py       the real appliances that ship with the package
role.py         the role `simulate`: homes and sample on one running clock
"""
