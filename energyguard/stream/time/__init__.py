"""Event time: clocks of partitions, and who is ahead or behind.

clock.py       a partition's clock: newest time, watermark, readings ahead of it
ahead.py       readings far ahead, one by one: which wait, go on, or are set apart
trusted.py     which time of a partition can be trusted
witnesses.py   what the owner of a partition decides about devices of the others
alignment.py   what was read, decoded; partitions in step, for messages without a key
"""
