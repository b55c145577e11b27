"""What becomes of readings and signals, in event time.

runtime/    the worker: partitions through operators, exactly once
time/       clocks of partitions, who is ahead, partitions in step
windows/    sums and means in windows, episodes, alerts
sessions/   stays of cars at chargers
engines/    the same rules as jobs for Spark and Flink
"""
