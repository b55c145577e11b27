"""What becomes of readings, in event time; domains run operators of their own on the same runtime.

runtime/    the worker: partitions through operators, exactly once
time/       clocks of partitions, who is ahead, partitions in step
sums/       sums over devices of all partitions: rules about virtual devices
windows/    sums and means in windows, episodes, alerts
engines/    the same rules as jobs for Spark and Flink
"""
