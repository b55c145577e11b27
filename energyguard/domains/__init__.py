"""What is particular to a kind of device stands in one folder each; each says so in a ``DOMAIN``.

household/     homes, their load profiles, the real appliances that ship with the package, files
building/      floors with four sensors and a counter
charging/      chargers: signals, sessions, bills, the stations where they stand, exports
thermometer/   a walk of degrees

``energyguard/domain.py`` has what a domain may bring, and finds those that are installed.
"""
