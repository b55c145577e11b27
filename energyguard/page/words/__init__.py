"""How it reads: languages, numbers, times.

language.py    texts in a person's language (locale/*.po)
formatting.py  numbers, times and alerts
lengths.py     lengths of time
readings.py    what channels, and the endings of readings, are called
refusals.py    why a row was not taken
rules.py       what a rule does
sentences.py   what an alert says
"""
