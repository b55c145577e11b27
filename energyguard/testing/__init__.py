"""For your own tests: a log in memory, a clock that you move, scenarios that people can read.

memory_log.py   ``MemoryLog``: the contract of ``Log`` for one process
scenario.py     the text of a scenario, and its steps
runner.py       plays a scenario through the border, the worker and the alerts
"""

from energyguard.clock import ManualClock
from energyguard.testing.memory_log import MemoryLog, MemoryMembership
from energyguard.testing.runner import play_scenario
from energyguard.testing.scenario import Scenario, read_scenario

__all__ = [
    "ManualClock",
    "MemoryLog",
    "MemoryMembership",
    "Scenario",
    "play_scenario",
    "read_scenario",
]
