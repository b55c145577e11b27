"""Windows by event time: verdicts, panes, episodes, alerts. Each folder knows those above it.

readings/      which readings count, held against those of the horizon
rhythm/        how long windows wait for each device, and when it is silent
panes/         every channel as a register, known at the borders of panes
episodes/      one alert per episode, and what comes of it
channels/      one channel: devices that are quick at once, others one by one
operator.py    one partition: clock and channels; batch in, output out
values.py      rules about values as they come, over all channels of a partition
places.py      which devices rules are about, by a revision of the catalogue
late.py        readings that no window counted
limits.py      what settings and rules allow windows to hold
snapshot.py    the operator's state as parts
task.py, stage.py   as a worker's stage with its partitions
learning.py    what a detector learns from the history
detector.py    the same for rules about values, with positions of its own
handover.py    what an older worker leaves to the detector
role.py        their processes
"""
