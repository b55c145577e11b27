"""Readings that people correct: a value, wrong, undone; imports of files that are taken back.

contract.py      what page, API and CLI may rely on
corrections.py   the verbs
checks.py        whether a correction can be made
preview.py       what a day was, and what a correction would make of it
"""
