"""On a process's PYTHONPATH: its wall clock stands still; its monotonic clock runs.

So times of appends, of alerts and of answers are the same in every run, and nothing is masked.
"""

import os
import time

NOW_MS = int(os.environ["GOLDEN_NOW_MS"])

time.time = lambda: NOW_MS / 1000
time.time_ns = lambda: NOW_MS * 1_000_000
