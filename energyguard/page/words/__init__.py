"""How it reads: languages, numbers, times.

language.py    texts in a person's language (locale/*.po)
formatting.py  numbers, times and alerts
moments.py     times, as a reader writes them
lengths.py     lengths of time
names.py       what sites and devices are called
faults.py      why the service could not do something
readings.py    what channels, and the endings of readings, are called
refusals.py    why a row was not taken
route_faults.py  what is wrong with routes of notifications
rules.py       what a rule does
sentences.py   what an alert says
silences.py    when a silence holds
"""
