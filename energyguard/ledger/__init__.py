"""How energy is counted: the readings of a channel become signed entries.

ledger.py      the fold of all keys of a channel: readings in, entries out; begin here
entries.py     what an entry is, in columns; kinds of entries
evidence.py    why an entry is of its kind, and the sentence for it
channels.py    what is said of a channel: largest plausible power, resolution, digits, length
spread.py      what an entry has before a time, in a bucket, and the bounds of it

intervals.py, powers.py, registers/    the three folds, of many keys at once
rhythm.py, waiting.py      how often a key sends; what waits until that is known
meant.py, scales.py, scale_changes.py  readings as they are meant, where the catalogue has a scale
runs.py, rows.py, plausible.py         their ground
"""
