"""What nodes and coordinators share.

ring.py          slots, their owners, and the next table of owners
membership.py    who is in the cluster, in which epoch
messages.py      what nodes say to each other
effects.py       what the state machines want done
transport.py     messages over TCP
"""
