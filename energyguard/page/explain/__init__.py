"""How a number of energy was counted: all that leads here has the address ``/explain``.

view.py        the view; what it says and in which order
numbers.py     the number itself, and how sure it is
entries.py     the entries, and the reading of one as it came
known.py        as known on an earlier day
corrections.py  what people said of its readings, and correcting them
about.py       price lines, parts of a sum, hours without readings, readings set apart
"""
