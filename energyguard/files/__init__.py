"""Files that people and portals have: what one holds is found out, told, and only then taken.

    bytes ─ unpack ─ text ─ a format reads it ─ FileReadings (readings, findings, doubts)

A *finding* is what was found and why; a *doubt* is a question that the file leaves open, with the
option that answers it. A file with a doubt is not taken. Formats are in one registry; the one of
any delimited table finds a *layout*: where its header is, and the role of each column.

    read.py        the front door: a file becomes readings
    found.py       answers, findings, doubts, readings of a file
    formats.py     the registry; named/ has a file for each named format
    text/          what a file holds: unpacked, a workbook's sheets, as UTF-8
    values/        what stands in cells, as people write it: numbers, days, times
    tables/        any delimited table
    distinct.py    one value of a device and a channel at a time, or a doubt
    collected.py   readings that a format's own reader collects, line by line
    known_tables.py tables of a domain that are no readings, such as sessions, by their header
    json_table.py  JSON of any shape as such a table
"""
