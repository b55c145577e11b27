"""How energy is counted: the readings of a channel become signed entries.

entries.py     what an entry is, in columns; kinds of entries
channels.py    what is said of a channel: largest plausible power, resolution, digits, length
"""
