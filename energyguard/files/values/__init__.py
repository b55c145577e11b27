"""What stands in cells, as people write it.

numbers.py   one number: decimal commas, thousands, units
times.py     one time; dates.py: one day; local_clock.py: by UTC
moments.py   columns of times; spellings.py: times that look like numbers, or two in a cell
words.py     what a column counts, by the words of its header
"""
