"""Every channel becomes a register, known at the borders of panes; what entries add to it.

panes.py             the register of each key at the ends of panes
registers.py         the registers of one channel; scores
entry_registers.py   the panes of energies; spreading.py: entries over panes and windows
key_entries.py       what one key's readings come to; key_sums.py: and its windows
envelope.py          what windows had at most, whatever was known when
terms.py             windows that a rule about a virtual device sums up
"""
