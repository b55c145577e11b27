"""The border that every reading crosses: detect, decode, validate, dead letters.

gateway.py    the only way of readings, and of domains' messages, into the log
messages.py   messages of domains, in topics of their own: what a domain says of them
replay.py     files of any shape into the running system, or into a topic of their own
"""
