"""What may be asked and done: the one facade of page, API and CLI, and what it knows.

service.py       everything that may be asked or done, in one place
views.py      what it shows: plain frozen data
live.py       a fold of the log's newest records, and its subscribers
intake.py     bytes in, a receipt out
health.py     whether the system can do its work
"""
