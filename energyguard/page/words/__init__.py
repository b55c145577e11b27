"""How it reads: languages, numbers, times.

language.py    texts in a person's language (locale/*.po)
formatting.py  numbers, times and alerts
"""
