"""Charts of measurements and sums that several views show.

series_chart.py       a channel over time (channels.py: which there are); baseline.py: what is usual
rule_chart.py         windows against a rule; limits.py: which rules look at a device
consumption_chart.py  energy by the calendar, beside the span before; spans.py: the span's control
usage.py              now, today, this week: a few sums; live_sums.py: what is used now
picked.py             what is chosen to be looked at
"""
