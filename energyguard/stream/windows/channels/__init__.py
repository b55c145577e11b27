"""One channel of one partition: its devices, quick ones at once and others one by one.

channel_lane.py       what is kept of one channel, and what becomes of it when rules change
channel_operator.py   one channel: verdicts, recent readings, panes, episodes
energy_state.py       what is known of the devices of a channel of energy
energy_operator.py    a channel of energy: windows sum the entries of the ledger
quick_operator.py     devices that are quick and in order: who leaves them, and who comes
apart_operator.py     devices that are slow, new, late or in doubt
reordering.py         those of which readings came out of order, folded again at once
closing_times.py      up to when windows of keys are closed, and where in a batch
bounded.py            windows whose energy is known between bounds
key_windows.py        a key's windows; rule_windows.py: those of one rule
"""
