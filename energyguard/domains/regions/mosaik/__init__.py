"""Simulators for mosaik, and system E's world of them. Needs the extra ``mosaik``.

meters.py      a household of a file: its powers, its register
collector.py   what came of each household, summed up
adapter.py     the same as messages of ``power_topic``, in a log
world.py       a world of them, from a folder of files to a log

All speak mosaik's API (version 3), so other worlds can have them:

    {"Meters": {"python": "energyguard.domains.regions.mosaik.meters:HouseholdMeters"},
     "PowerTopic": {"python": "energyguard.domains.regions.mosaik.adapter:PowerTopic"}}

They are time-based: with an event-based one a run of n steps takes mosaik 3.6 n² time. What happens
within a step goes over in one piece, the attribute ``readings``: a step of minutes is as exact as
one of 2 s, and much faster.
"""
