"""An edge's log as its line sees it.

outbox.py     what waits, what may have been sent
room.py       room in one that gets full: thinning.py merges averages into minutes
state.py      what it has to know besides
edge_log.py   how that log keeps its topics
"""
