"""Any delimited table: its layout is found, then its columns become readings at once.

delimited.py    the whole of it; reading.py: what is known of a table so far
grid.py         where its delimiter and header are; preamble.py: above the header
table.py        its lines as columns of text; cells.py: columns of numbers
roles.py        what its columns are; layout.py: all of them; value_columns.py: those of values
column_roles.py what each was read as, as people would say it
date_order.py   day, month and year in its dates; decimal_mark.py: how its numbers are written
table_times.py  its times; columns.py: its readings, a column at once
tall.py         with a channel beside the value; wide.py, wide_readings.py: with a column an hour
counted.py      an energy per interval or a register; physics.py: by what is possible
"""
