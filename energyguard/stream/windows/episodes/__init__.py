"""One alert per episode: raised, followed, cleared; and what comes of it.

episode.py           an alert that is not over, and what happens to it
episodes.py          one alert per episode: raise, dwell, clear, unknown
states.py            those of values: the newest reading of each key
key_events.py        what happens to a key's episodes
key_limits.py        at which scores a rule raises and clears, device by device
rule_change.py       what becomes of an episode whose rule was changed
output.py            what comes of a batch, alert events among it; as records
"""
