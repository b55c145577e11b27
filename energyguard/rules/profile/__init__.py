"""What is usual: of each device and channel, for every half-hour of the week.

calendar.py   which half-hour of the week a time is, where the devices stand
profiles.py   mean and deviation of each half-hour, and how they are learned
running.py    the half-hours that are not over yet: what they hold, what closes them
lasting.py    the last of them together
scorer.py     readings held against them
"""
