"""The rule `charging` on Flink: the job, what runs in its workers, what they do per key."""
