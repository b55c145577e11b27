"""What topics hold: one declaration of a record, which its writers and its readers share.

progress.py        energyguard.progress: how far a partition is
energy_alerts.py   energy_alerts: a window over its threshold, as system C has it
charging.py        full-sessions, violations, transaction-profit, total-occupied, as D has them

A declaration has the fields in the order in which they are written, with their units, and the key.
Other topics follow; until then their writers and readers declare them for themselves.
"""
