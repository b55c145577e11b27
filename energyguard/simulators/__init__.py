"""What all simulators share: running clocks and reproducible chance.

event_clock.py   how fast event time runs, and where it goes on after a restart
ticker.py        ticks that are sent when they are due, at a pace, until an end
noise.py         random numbers that depend on nothing but seed, purpose, device and moment
"""
