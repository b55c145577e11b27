"""Sites, devices and groups: what is there, and its changes.

contract.py    what may be relied on; catalogue.py: in full; views.py: what it answers
cards.py       a site or a device with what belongs to it; files.py: TOML and CSV in and out
"""
