"""The log on Apache Kafka: the contract of the embedded log, through ``confluent-kafka``.

client.py   how clients are set up; Kafka's errors as ours
topics.py   topics made with the settings of the table; offsets
writer.py   appends outside transactions
reader.py   consumers with partitions assigned by hand
groups.py   a member of a consumer group, and its transactions
log.py      all of it as a ``Log``
"""

from energyguard.log.kafka.log import KafkaLog

__all__ = ["KafkaLog"]
