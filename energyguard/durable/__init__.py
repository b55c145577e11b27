"""Files that lose nothing: what log and store share, and whoever keeps something small.

connections.py   how a file is made, opened and read, and SQLite's errors as ours
commits.py       one writer, whose callers share transactions and syncs
private.py       nobody else on the machine can read them
atomic.py        a small file, replaced whole; secret_file.py: one that holds a secret
"""
