"""The worker: partitions of a group through operators, exactly once.

consumer.py       a member of a group: positions, from the first read to the commit
worker.py         one transaction for outputs and positions
stage.py          what a worker runs: a flow's stage; of each partition its task, with its operator
decoded_batch.py  records of one partition, each a value of its own
checkpoint.py     snapshots in ``energyguard.state``
outputs.py        what the next transaction appends, and what owners decided
rule_follower.py  a book of rules as others change it
"""
