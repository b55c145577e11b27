"""Windows by event time: verdicts, panes, episodes, alerts.

operator.py           one partition: clock and channels; batch in, output out
channel_operator.py   one channel: verdicts, recent readings, panes, episodes
verdicts.py           which readings count: late, duplicate and conflicting ones do not
recent_readings.py    the readings of the horizon, to tell duplicates and to rebuild sums
increments.py         every channel becomes a register: readings to amounts per pane
registers.py          the registers of one channel; panes.py: at the pane borders; scores
episodes.py           one alert per episode: raise, dwell, clear, unknown
states.py             limits of states: the newest reading of each key
silences.py           who is silent, for the product and for rules of that kind
alert_events.py       alert events of all of them; records.py: as records
snapshot.py           the operator's state as parts
stage.py, task.py, role.py   as a worker's stage, its partitions, its process
"""
