"""System D's chargers, simulated: who comes and charges, where they stand, which faults they have.

chargers.py, stations.py   what happens at each, and where they are
faults.py                  labelled faults of signals
feed.py, role.py           into the log, as a role
"""
