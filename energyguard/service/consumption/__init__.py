"""What was used, in spans of the calendar, and what is missing.

contract.py      what may be relied on; consumption.py: in full; rows.py: for a file
amounts.py       energies between borders, and their signed sums
keys.py          whose energy a key means; cut.py: a span's steps, and those before
missing_hours.py hours without readings
"""
