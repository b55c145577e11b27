"""What may be asked and done: the one facade of page, API and CLI, and what it knows.

contract.py       what page, API and CLI may rely on
service.py        the service itself, over a log and a history
views.py          what it shows: plain frozen data
live.py           the live projection: a fold of the log's newest records, and its subscribers
live_readings.py  its newest readings; live_devices.py: its devices, by topic
edges.py          edges, and how their lines are
catalogue.py      sites, devices, groups; catalogue_cards.py, _files.py, _views.py; senders.py
devices.py        any device, live or of the past
intake.py         bytes in, a receipt out; how many new devices a sender may bring
health.py         whether the system can do its work
"""
