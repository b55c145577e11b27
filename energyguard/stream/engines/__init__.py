"""The same rules on the engines that a company runs already: Spark and Flink.

job.py     a rule as data: every semantic declared; what an engine cannot express is refused
spark.py   a job as a PySpark file of its own, for Structured Streaming
flink.py   a job as Flink SQL

The embedded worker is the reference: on the same readings an engine writes the same records to
``energy_alerts``. Where an engine's own definitions differ, ``docs/engines.md`` says so.
"""
