"""What has fired, who has seen it, which rules run, what is silent.

feed.py, notifications.py   what fired, as it comes; past.py: what is over
verbs.py, alerting.py       acknowledge, resolve, change a rule; rule_changes.py: who changed what
silences.py                 by device, site or rule; silence_view.py, silence_times.py: in words
"""
