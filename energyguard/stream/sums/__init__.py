"""Rules about virtual devices: sums of what windows of several devices hold, of all partitions.

series.py     what windows of one term hold, and how far they are closed
window_sum.py the sum of all terms, window by window
operator.py   the sums of all rules, and their alerts
stage.py      a worker's stage; its decisions are the rules that run, with their terms
role.py       the role ``sums``
"""
