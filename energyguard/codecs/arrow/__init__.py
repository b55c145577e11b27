"""Readings as columns of Arrow.

batches.py  Arrow IPC, and batches of whatever columns
columns.py  types, and what they become
ipc.py      what a message unfolds to, before it is unfolded
parquet.py  Parquet files
"""
