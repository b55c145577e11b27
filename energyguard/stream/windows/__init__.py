"""Windows by event time: verdicts, panes, episodes, alerts.

operator.py           one partition: clock and channels; batch in, output out
channel_lane.py       what is kept of one channel, and what becomes of it when rules change
channel_operator.py   one channel: verdicts, recent readings, panes, episodes
energy_state.py       what is known of the devices of a channel of energy
energy_operator.py    a channel of energy: windows sum the entries of the ledger
quick_operator.py     devices that are quick and in order: who leaves them, and who comes
apart_operator.py     devices that are slow, new, late or in doubt
reordering.py         those of which readings came out of order, folded again at once
envelope.py           what their windows had at most, whatever was known when
delays.py             how late each device usually is
patience.py           how long windows wait for each device
key_entries.py        what one key's readings come to
key_windows.py        its windows; rule_windows.py: those of one rule
key_events.py         what happens to its episodes
entry_registers.py    the panes of energies; spreading.py: entries over panes and windows
verdicts.py           which readings count, held against those of the horizon
recent_readings.py    the readings of the horizon; packed.py: columns in little room
panes.py              every channel becomes a register, known at the pane borders
registers.py          the registers of one channel; scores
episode.py            an alert that is not over, and what happens to it
episodes.py           one alert per episode: raise, dwell, clear, unknown
values.py             rules about values as they come, over all channels of a partition
states.py             their episodes: the newest reading of each key
terms.py              windows that a rule about a virtual device sums up
key_limits.py         at which scores a rule raises and clears, device by device
numbering.py          numbers of devices, rows of each channel
places.py             which devices rules are about, by a revision of the catalogue
silence_tracker.py    who is quiet, by the rhythm and the delay of each
silences.py           who is silent, for the product and for rules of that kind
output.py             what comes of a batch, alert events among it; as records
late.py               readings that no window counted
rule_change.py        what becomes of an episode whose rule was changed
limits.py             what settings and rules allow windows to hold
snapshot.py           the operator's state as parts
task.py, stage.py     as a worker's stage with its partitions
learning.py           what a detector learns from the history
detector.py           the same for rules about values, with positions of its own
handover.py           what an older worker leaves to the detector
role.py               their processes
"""
