"""The worker: partitions of a group through operators, exactly once.

consumer.py     a member of a group: positions, from the first read to the commit
worker.py       one transaction for outputs and positions
stage.py        what a worker asks of the operators that it runs
task.py         one partition: operator, position, snapshot, muted replay
operator.py     what a task runs; decoded.py: what it gets
checkpoint.py   snapshots in ``energyguard.state``
decisions.py    what owners decided: ``energyguard.time``
outputs.py      what the next transaction appends
"""
