"""Why a number of energy is what it is, down to the bytes that a meter sent.

contract.py      what may be relied on; explanations.py: in full; rows.py: for a program
bounds.py        at least and at most, of a device, a site, a sum
entries.py       entries that are ordinary are counted, the others are there one by one
corrected.py     what people said of its readings
steps.py         into what a time is divided
originals.py     a reading as it lies in the log
then.py          as it was known by an earlier time; known.py: the readings that counted then,
                 appended.py: by what the log held, counting.py: by what people had said
"""
