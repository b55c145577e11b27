"""EnergyGuard: takes energy readings in, loses none, keeps them for ever, and warns early.

The folders stand in the order in which a reading travels; ``pipeline.py`` has the data flow on
one page.
"""

__version__ = "0.1.0"
