"""Event time: clocks of partitions, and who is ahead, behind or silent.

clock.py         a partition's clock: newest time, watermark, readings ahead of it
ahead.py         readings far ahead, one by one: which wait, go on, or are set apart
far_signals.py   the same of chargers' signals
witnesses.py     what the owner of a partition decides about devices of the others
alignment.py     partitions in step, for messages without a key
silence.py       which devices went quiet, and which came back, in log order
batch.py         readings of one partition as columns, in log order
"""
