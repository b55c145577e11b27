"""Files that people and portals have: what one holds is found out, told, and only then taken.

    bytes ─ unpack ─ text ─ a format reads it ─ FileReadings (readings, findings, doubts)

A *finding* is what was found and why; a *doubt* is a question that the file leaves open, with the
option that answers it. A file with a doubt is not taken. Formats are in one registry; the one of
any delimited table finds a *layout*: where its header is, and the role of each column.

    read.py        the front door: a file becomes readings
    found.py       answers, findings, doubts, readings of a file
    unpack.py      gzip and zip, bounded; text.py: encodings; parts.py: a file's sheets as text
    known_tables.py tables of a domain that are no readings, such as sessions, by their header
    json_table.py  JSON of any shape as such a table
    formats.py     the registry; named/ has a file for each named format
    delimited.py   any delimited table; table.py: its lines; reading.py: what is known of it so far
    table_times.py its times; columns.py: its readings, a column at once
    distinct.py    one value of a device and a channel at a time, or a doubt
    tall.py        with a channel beside the value; wide.py, wide_readings.py: with a column an hour
    grid.py        where its delimiter and header are
    date_order.py  day, month and year in its dates; decimal_mark.py: how its numbers are written
    roles.py       what its columns are; words.py: by which words of which languages
    column_roles.py what each column was read as, as people would say it
    physics.py     intervals or a register, by what is possible
    cells.py       columns of numbers; numbers.py: one number, as people write it
    moments.py     columns of times; times.py: one time; dates.py: one day; local_clock.py: by UTC
    spellings.py   times that look like numbers, or two in a cell; preamble.py: above the header
"""
